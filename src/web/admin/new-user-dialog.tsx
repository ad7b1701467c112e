import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Role } from '../../identity/roles.ts';
import { createUser, type NewUser, type ShownUser } from '../api/admin.ts';
import type { Who } from '../api/auth.ts';
import { Dialog } from '../shell/dialog.tsx';
import { Field } from '../shell/field.tsx';
import { type FormFault, textOf, useForm } from '../shell/form.ts';
import { Notice } from '../shell/notice.tsx';
import { may } from '../shell/shell.tsx';
import { ROLES } from './reach.ts';
import { SelectField } from './select-field.tsx';

export interface NewUserDialogProps {
  who: Who;
  onCreated: (user: ShownUser) => void;
  onClose: () => void;
}

/** Makes an account for somebody. Only who may give roles can make one of another role than `user`. */
export function NewUserDialog({ who, onCreated, onClose }: NewUserDialogProps): JSX.Element {
  const form = useForm();
  const error = (field: string): string | undefined => form.fault?.fields[field];
  const submit = (event: Event): void => {
    event.preventDefault();
    const wanted = newUserOf(event.target as HTMLFormElement);
    void form.run(async () => onCreated(await createUser(wanted))).then((isDone) => isDone && onClose());
  };
  const cancel = (): void => {
    if (!form.isBusy) onClose();
  };
  const nameError = form.fault?.problem?.code === 'username_taken' ? form.fault.title : error('username');
  return (
    <Dialog title="New user" onCancel={cancel}>
      <form onSubmit={submit}>
        {form.fault && <Notice kind="error">{headlineOf(form.fault)}</Notice>}
        <Field
          label="User name"
          name="username"
          autocomplete="off"
          maxlength={64}
          required
          error={nameError}
        />
        <Field label="Display name" name="display_name" {...OPTIONAL} error={error('display_name')} />
        {may(who, 'roles:manage') && (
          <SelectField
            label="Role"
            name="role"
            options={ROLES.map((role) => [role, role])}
            error={error('role')}
          />
        )}
        <Field label="E-mail address" name="email" {...OPTIONAL} error={error('email')} />
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="new-password"
          maxlength={1024}
          hint="Optional. Without one, nobody can log in until a password reset."
          error={error('password')}
        />
        <div class="buttons">
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
          <button type="submit" aria-disabled={String(form.isBusy)}>
            {form.isBusy ? 'Creating …' : 'Create the user'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const OPTIONAL = { autocomplete: 'off', maxlength: 254, hint: 'Optional.' } as const;

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

const headlineOf = ({ title, fields, problem }: FormFault): string =>
  Object.keys(fields).length > 0 || problem?.code === 'username_taken'
    ? 'The user has not been created: see below.'
    : title;
