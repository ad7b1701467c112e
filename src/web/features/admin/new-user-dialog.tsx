import type { JSX } from 'preact';
import type { Role } from '../../../identity/roles.ts';
import { createUser, type NewUser, type ShownUser } from '../../api/admin.ts';
import type { Who } from '../../api/auth.ts';
import { focusFirstFault } from '../../hooks/focus.ts';
import { type FormFault, textOf, useForm } from '../../hooks/form.ts';
import { may } from '../../shell.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, SelectField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ROLES } from './role-rules.ts';

export interface NewUserDialogProps {
  who: Who;
  onCreated: (user: ShownUser) => void;
  onClose: () => void;
}

/** Makes an account for somebody. Only who may give roles can make one of another role than `user`. */
export function NewUserDialog({ who, onCreated, onClose }: NewUserDialogProps): JSX.Element {
  const form = useForm();
  const submit = (event: Event): void => {
    event.preventDefault();
    const target = event.target as HTMLFormElement;
    const wanted = newUserOf(target);
    void form
      .run(async () => onCreated(await createUser(wanted)))
      .then((isDone) => (isDone ? onClose() : focusFirstFault(target)));
  };
  const cancel = (): void => {
    if (!form.isBusy) onClose();
  };
  return (
    <Dialog title="New user" onCancel={cancel}>
      <form onSubmit={submit}>
        {form.fault && <Notice kind="error">{headlineOf(form.fault)}</Notice>}
        <Fields fault={form.fault} mayGiveRoles={may(who, 'roles:manage')} />
        <div class="buttons">
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
          <button type="submit" aria-disabled={form.isBusy}>
            {form.isBusy ? 'Creating …' : 'Create the user'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  fault: FormFault | undefined;
  mayGiveRoles: boolean;
}

function Fields({ fault, mayGiveRoles }: FieldsProps): JSX.Element {
  const error = (field: string): string | undefined => fault?.fields[field];
  const nameError = isTaken(fault) ? fault?.title : error('username');
  return (
    <>
      <Field label="User name" name="username" {...PLAIN} maxlength={64} required error={nameError} />
      <Field
        label="Display name"
        name="display_name"
        {...PLAIN}
        hint="Optional: the user name, unless given."
        error={error('display_name')}
      />
      {mayGiveRoles && <SelectField label="Role" name="role" options={ROLE_OPTIONS} error={error('role')} />}
      <Field
        label="E-mail address"
        name="email"
        {...PLAIN}
        hint="Optional: where links to choose a password go."
        error={error('email')}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autocomplete="new-password"
        maxlength={1024}
        hint="Optional: without one, nobody can log in until a password reset."
        error={error('password')}
      />
    </>
  );
}

const PLAIN = { autocomplete: 'off', maxlength: 254 } as const;
const ROLE_OPTIONS = ROLES.map((role) => [role, role] as const);

/** What the form says; what is empty is left to the server. */
function newUserOf(form: HTMLFormElement): NewUser {
  const username = textOf(form, 'username').trim();
  const password = textOf(form, 'password');
  const [display_name, email] = [textOf(form, 'display_name').trim(), textOf(form, 'email').trim()];
  const role = textOf(form, 'role') as Role | '';
  return {
    username,
    ...(display_name && { display_name }),
    ...(email && { email }),
    ...(password && { password }),
    ...(role && { role }),
  };
}

const isTaken = (fault: FormFault | undefined): boolean => fault?.problem?.code === 'username_taken';

/** What stands at a field isn't said once more above. */
const headlineOf = (fault: FormFault): string =>
  Object.keys(fault.fields).length > 0 || isTaken(fault)
    ? 'The user has not been created: see below.'
    : fault.title;
