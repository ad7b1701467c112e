import type { JSX } from 'preact';
import type { Role } from '../../../users/roles.ts';
import { createUser, type NewUser, type User } from '../../api/admin.ts';
import { type CurrentUser, hasScope } from '../../api/auth.ts';
import { focusFirstError } from '../../hooks/focus.ts';
import { type FormError, fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { usePasswordHint } from '../login/password-hint.ts';
import { ROLES } from './role-rules.ts';

interface NewUserDialogProps {
  currentUser: CurrentUser;
  onCreated: (user: User) => void;
  onClose: () => void;
}

/** Creates a user. The scope `roles:manage` is needed for any role but `user`. */
export function NewUserDialog({ currentUser, onCreated, onClose }: NewUserDialogProps): JSX.Element {
  const form = useForm();
  const submit = onSubmit((target) => {
    const newUser = readNewUser(target);
    void form
      .run(async () => onCreated(await createUser(newUser)))
      .then((isDone) => (isDone ? onClose() : focusFirstError(target)));
  });
  const cancel = (): void => {
    if (!form.isBusy) onClose();
  };
  return (
    <Dialog title="New user" onCancel={cancel}>
      <form onSubmit={submit}>
        {form.error && <Notice kind="error">{summaryOf(form.error)}</Notice>}
        <Fields error={form.error} canChooseRole={hasScope(currentUser, 'roles:manage')} />
        <div class="buttons">
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
          <button type="submit" aria-disabled={form.isBusy}>
            {form.isBusy ? 'Creating …' : 'Create user'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldsProps {
  error: FormError | undefined;
  canChooseRole: boolean;
}

function Fields({ error, canChooseRole }: FieldsProps): JSX.Element {
  const passwordHint = usePasswordHint();
  const errorAt = (field: string): string | undefined => error?.fields[field];
  const usernameError = isTaken(error) ? error?.message : errorAt('username');
  return (
    <>
      <TextField label="Username" name="username" {...PLAIN} maxlength={64} required error={usernameError} />
      <TextField
        label="Display name"
        name="display_name"
        {...PLAIN}
        hint="Optional. Defaults to the username."
        error={errorAt('display_name')}
      />
      {canChooseRole && (
        <SelectField label="Role" name="role" options={ROLE_OPTIONS} error={errorAt('role')} />
      )}
      <TextField
        label="Email"
        name="email"
        {...PLAIN}
        hint="Optional. Reset links are sent to this address."
        error={errorAt('email')}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autocomplete="new-password"
        maxlength={1024}
        hint={`Optional. Without a password, the user can log in only after a password reset. ${passwordHint}`}
        error={errorAt('password')}
      />
    </>
  );
}

const PLAIN = { autocomplete: 'off', maxlength: 254 } as const;
const ROLE_OPTIONS = ROLES.map((role) => [role, role] as const);

/** Empty fields are left out, so that the server's defaults apply. */
function readNewUser(form: HTMLFormElement): NewUser {
  const username = fieldText(form, 'username').trim();
  const password = fieldText(form, 'password');
  const [display_name, email] = [fieldText(form, 'display_name').trim(), fieldText(form, 'email').trim()];
  const role = fieldText(form, 'role') as Role | '';
  return {
    username,
    ...(display_name && { display_name }),
    ...(email && { email }),
    ...(password && { password }),
    ...(role && { role }),
  };
}

const isTaken = (error: FormError | undefined): boolean => error?.apiError?.code === 'username_taken';

/** An error at a field is not repeated above the form. */
const summaryOf = (error: FormError): string =>
  Object.keys(error.fields).length > 0 || isTaken(error) ? 'Please fix the errors below.' : error.message;
