import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { resetPassword } from '../api/auth.ts';
import { goHome } from '../place.ts';
import { Field } from '../shell/field.tsx';
import { textOf, useForm } from '../shell/form.ts';
import { Notice } from '../shell/notice.tsx';
import { Gate } from './gate.tsx';

/** Where the link of a reset mail leads to. The token is in this component's memory only. */
export function ResetPage({ token }: { token: string }): JSX.Element {
  const form = useForm();
  const [isDone, setDone] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const password = textOf(event.target as HTMLFormElement, 'new_password');
    void form.run(() => resetPassword(token, password)).then(setDone);
  };
  return (
    <Gate title="Choose a new password">
      {form.fault && <Notice kind="error">{form.fault.title}</Notice>}
      {isDone ? (
        <Notice kind="done">Your password has been changed, and you are logged out everywhere.</Notice>
      ) : (
        <form onSubmit={submit}>
          <Field
            label="New password"
            name="new_password"
            type="password"
            autocomplete="new-password"
            maxlength={1024}
            required
            error={form.fault?.fields.new_password}
          />
          <button type="submit" aria-disabled={String(form.isBusy)}>
            Change the password
          </button>
        </form>
      )}
      <button type="button" class="link" onClick={goHome}>
        To log-in
      </button>
    </Gate>
  );
}
