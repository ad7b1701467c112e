import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { requestPasswordReset } from '../../api/auth.ts';
import { fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { AuthLayout } from '../../ui/auth-layout.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';

/** Requests an email with a link to choose a new password. */
export function ForgotPasswordPage(): JSX.Element {
  const form = useForm();
  const [isRequested, setRequested] = useState(false);
  const submit = onSubmit((target) => {
    const username = fieldText(target, 'username').trim();
    void form.run(() => requestPasswordReset(username)).then(setRequested);
  });
  return (
    <AuthLayout title="Forgot your password?">
      {form.error && <Notice kind="error">{form.error.message}</Notice>}
      {isRequested ? (
        <Notice kind="done">
          If the account exists, we've emailed a reset link. It works once and expires in 10 minutes.
        </Notice>
      ) : (
        <form onSubmit={submit}>
          <TextField label="Username" name="username" autocomplete="username" maxlength={128} required />
          <button type="submit" aria-disabled={form.isBusy}>
            Send reset link
          </button>
        </form>
      )}
      <p>
        <a href={hrefOf({ page: 'dashboard' })}>Back to login</a>
      </p>
    </AuthLayout>
  );
}
