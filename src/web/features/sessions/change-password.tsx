import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { changePassword } from '../../api/auth.ts';
import { focusFirstError } from '../../hooks/focus.ts';
import { type FormError, fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { LoginError } from '../login/login-error.tsx';
import { usePasswordHint } from '../login/password-hint.ts';

interface ChangePasswordProps {
  /** The form has been submitted: an earlier outcome no longer applies. */
  onStart: () => void;
  onDone: () => void;
}

/** Changes the user's own password, which ends all other sessions. */
export function ChangePassword({ onStart, onDone }: ChangePasswordProps): JSX.Element {
  const form = useForm();
  const [changes, setChanges] = useState(0);
  const submit = onSubmit((target) => {
    onStart();
    const passwords = [fieldText(target, 'current_password'), fieldText(target, 'new_password')] as const;
    void form
      .run(() => changePassword(...passwords))
      .then((isDone) => {
        if (!isDone) return focusFirstError(target);
        setChanges(changes + 1);
        onDone();
      });
  });
  return (
    <section class="card account-form" aria-labelledby="password-heading">
      <h2 id="password-heading">Change your password</h2>
      <p class="faint">This will sign you out on all other devices.</p>
      {form.error && <PasswordError error={form.error} />}
      <form onSubmit={submit}>
        <PasswordFields key={changes} error={form.error} />
        <div class="buttons">
          <button type="submit" aria-disabled={form.isBusy}>
            {form.isBusy ? 'Changing …' : 'Change password'}
          </button>
        </div>
      </form>
    </section>
  );
}

function PasswordFields({ error }: { error: FormError | undefined }): JSX.Element {
  const [isShown, setShown] = useState(false);
  const shared = { type: isShown ? 'text' : 'password', maxlength: 1024, required: true } as const;
  return (
    <>
      <TextField
        label="Current password"
        name="current_password"
        {...shared}
        autocomplete="current-password"
        error={currentPasswordError(error)}
      />
      <TextField
        label="New password"
        name="new_password"
        {...shared}
        autocomplete="new-password"
        hint={usePasswordHint()}
        error={error?.fields.new_password}
      />
      <label class="check">
        <input type="checkbox" onInput={() => setShown(!isShown)} />
        Show passwords
      </label>
    </>
  );
}

const isWrongPassword = (error: FormError): boolean => error.apiError?.code === 'password_wrong';

const currentPasswordError = (error: FormError | undefined): string | undefined =>
  error && isWrongPassword(error) ? error.message : error?.fields.current_password;

/** An error at a field is not repeated above the form. */
function PasswordError({ error }: { error: FormError }): JSX.Element | null {
  if (isWrongPassword(error)) return null;
  if (error.apiError?.code === 'login_throttled') return <LoginError error={error} />;
  const hasFieldError = Object.keys(error.fields).length > 0;
  return <Notice kind="error">{hasFieldError ? 'Please fix the errors below.' : error.message}</Notice>;
}
