import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { logIn } from '../../auth-session/session.ts';
import { type EndReason, REASON_TEXT } from '../../auth-session/session-state.ts';
import { KeyStorageError } from '../../dpop/key-store.ts';
import { type MissingSupport, missingSupport } from '../../dpop/login-keys.ts';
import { fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { useLoad } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { AuthLayout } from '../../ui/auth-layout.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { LoginError } from './login-error.tsx';

/** Shown instead of the form. */
const MISSING_TEXT: Record<MissingSupport, string> = {
  'secure-context': "You can't log in over an unencrypted connection. Open this site with https://.",
  storage: new KeyStorageError().message,
};

/** `reason`: why the session before has ended. */
export function LoginPage({ reason }: { reason?: EndReason | undefined }): JSX.Element {
  const form = useForm();
  const [attempts, setAttempts] = useState(0);
  const missing = useLoad(missingSupport, []).value;
  const submit = onSubmit((target) => {
    const credentials = {
      username: fieldText(target, 'username').trim(),
      password: fieldText(target, 'password'),
      remember: fieldText(target, 'remember') === 'on',
    };
    setAttempts(attempts + 1);
    void form.run(() => logIn(credentials)).then((isLoggedIn) => isLoggedIn || clearPassword(target));
  });
  if (missing !== undefined)
    return (
      <AuthLayout title="Log in">
        <Notice kind="error">{MISSING_TEXT[missing]}</Notice>
      </AuthLayout>
    );
  return (
    <AuthLayout title="Log in">
      {reason && attempts === 0 && <Notice kind="info">{REASON_TEXT[reason]}</Notice>}
      {form.error && <LoginError key={attempts} error={form.error} />}
      <form onSubmit={submit}>
        <TextField label="Username" name="username" autocomplete="username" maxlength={128} required />
        <TextField
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <label class="check">
          <input type="checkbox" name="remember" />
          Keep me logged in on this device
        </label>
        <button type="submit" aria-disabled={form.isBusy}>
          {form.isBusy ? 'Logging in …' : 'Log in'}
        </button>
      </form>
      <p>
        <a href={hrefOf({ page: 'forgotten' })}>Forgot your password?</a>
      </p>
    </AuthLayout>
  );
}

function clearPassword(form: HTMLFormElement): void {
  const password = form.elements.namedItem('password');
  if (!(password instanceof HTMLInputElement)) return;
  password.value = '';
  password.focus();
}
