import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { resetPassword } from '../../api/auth.ts';
import { type FormFault, textOf, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { Gate } from '../../ui/auth-layout.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';

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
      {form.fault && <ResetFault fault={form.fault} />}
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
            hint="At least 8 characters. A few words are better than one."
            error={form.fault?.fields.new_password}
          />
          <button type="submit" aria-disabled={form.isBusy}>
            Change the password
          </button>
        </form>
      )}
      <p>
        <a href={hrefOf({ page: 'dashboard' })}>To log-in</a>
      </p>
    </Gate>
  );
}

/** What stands at the field isn't said once more above the form. */
function ResetFault({ fault }: { fault: FormFault }): JSX.Element | null {
  if (fault.fields.new_password !== undefined) return null;
  if (fault.problem?.code !== 'reset_token_invalid') return <Notice kind="error">{fault.title}</Notice>;
  return (
    <Notice kind="error">
      This link has been used already, or it is too old.{' '}
      <a href={hrefOf({ page: 'forgotten' })}>Ask for another one</a>.
    </Notice>
  );
}
