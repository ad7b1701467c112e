import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { resetPassword } from '../../api/auth.ts';
import { type FormError, fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { AuthLayout } from '../../ui/auth-layout.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { usePasswordHint } from './password-hint.ts';

/** The target of a reset link. The token is kept only in this component's memory. */
export function ResetPasswordPage({ token }: { token: string }): JSX.Element {
  const form = useForm();
  const hint = usePasswordHint();
  const [isDone, setDone] = useState(false);
  const submit = onSubmit((target) => {
    const password = fieldText(target, 'new_password');
    void form.run(() => resetPassword(token, password)).then(setDone);
  });
  return (
    <AuthLayout title="Choose a new password">
      {form.error && <ResetError error={form.error} />}
      {isDone ? (
        <Notice kind="done">Your password has been changed, and you are logged out on all devices.</Notice>
      ) : (
        <form onSubmit={submit}>
          <TextField
            label="New password"
            name="new_password"
            type="password"
            autocomplete="new-password"
            maxlength={1024}
            required
            hint={hint}
            error={form.error?.fields.new_password}
          />
          <button type="submit" aria-disabled={form.isBusy}>
            Change password
          </button>
        </form>
      )}
      <p>
        <a href={hrefOf({ page: 'dashboard' })}>Back to login</a>
      </p>
    </AuthLayout>
  );
}

/** An error at the field is not repeated above the form. */
function ResetError({ error }: { error: FormError }): JSX.Element | null {
  if (error.fields.new_password !== undefined) return null;
  if (error.apiError?.code !== 'reset_token_invalid') return <Notice kind="error">{error.message}</Notice>;
  return (
    <Notice kind="error">
      This link has expired or has already been used.{' '}
      <a href={hrefOf({ page: 'forgotten' })}>Request a new link</a>.
    </Notice>
  );
}
