import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { confirmEmail } from '../../api/auth.ts';
import { onSubmit, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { AuthLayout } from '../../ui/auth-layout.tsx';
import { Notice } from '../../ui/notice.tsx';

/**
 * The target of a confirmation link. The address is confirmed by a button and not by opening the link, which mail filters
 * do as well. The token is kept only in this component's memory.
 */
export function ConfirmEmailPage({ token }: { token: string }): JSX.Element {
  const form = useForm();
  const [isDone, setDone] = useState(false);
  const submit = onSubmit(() => void form.run(() => confirmEmail(token)).then(setDone));
  const isInvalid = form.error?.apiError?.code === 'email_token_invalid';
  return (
    <AuthLayout title="Confirm your email address">
      {form.error && (
        <Notice kind="error">
          {isInvalid ? 'This link has expired or has already been used.' : form.error.message}
        </Notice>
      )}
      {isDone && (
        <Notice kind="done">Your email address is confirmed. Reset links and notices are sent to it.</Notice>
      )}
      {!isDone && !isInvalid && (
        <form onSubmit={submit}>
          <p>Reset links and notices about your account will be sent to this address.</p>
          <button type="submit" aria-disabled={form.isBusy}>
            {form.isBusy ? 'Confirming …' : 'Confirm address'}
          </button>
        </form>
      )}
      <p>
        <a href={hrefOf({ page: 'dashboard' })}>Continue</a>
      </p>
    </AuthLayout>
  );
}
