import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { logIn } from '../../auth-session/session.ts';
import { type LeavingReason, REASON_TEXT } from '../../auth-session/session-state.ts';
import { textOf, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { Gate } from '../../ui/auth-layout.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { LogInFault } from './login-error.tsx';

export interface LogInPageProps {
  /** Why somebody who was logged in is here again. */
  reason?: LeavingReason | undefined;
}

export function LogInPage({ reason }: LogInPageProps): JSX.Element {
  const form = useForm();
  const [tries, setTries] = useState(0);
  const submit = (event: Event): void => {
    event.preventDefault();
    const target = event.target as HTMLFormElement;
    const remember = textOf(target, 'remember') === 'on';
    const credentials = {
      username: textOf(target, 'username').trim(),
      password: textOf(target, 'password'),
      remember,
    };
    setTries(tries + 1);
    void form.run(() => logIn(credentials)).then((isIn) => isIn || afterFailure(target));
  };
  return (
    <Gate title="Log in">
      {reason && tries === 0 && <Notice kind="info">{REASON_TEXT[reason]}</Notice>}
      {form.fault && <LogInFault key={tries} fault={form.fault} />}
      <form onSubmit={submit}>
        <Field label="User name" name="username" autocomplete="username" maxlength={128} required />
        <Field label="Password" name="password" type="password" autocomplete="current-password" required />
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
    </Gate>
  );
}

/** A wrong password is typed again from the start. */
function afterFailure(form: HTMLFormElement): void {
  const password = form.elements.namedItem('password');
  if (!(password instanceof HTMLInputElement)) return;
  password.value = '';
  password.focus();
}
