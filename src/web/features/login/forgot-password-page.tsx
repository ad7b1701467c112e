import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { askForReset } from '../../api/auth.ts';
import { textOf, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { Gate } from '../../ui/auth-layout.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';

/** Asks for a mail with a link to choose a new password. */
export function ForgottenPage(): JSX.Element {
  const form = useForm();
  const [isAsked, setAsked] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const username = textOf(event.target as HTMLFormElement, 'username').trim();
    void form.run(() => askForReset(username)).then(setAsked);
  };
  return (
    <Gate title="Forgot your password?">
      {form.fault && <Notice kind="error">{form.fault.title}</Notice>}
      {isAsked ? (
        <Notice kind="done">
          If there is such a user with a mail address, a link to choose a new password is on its way to it. It
          can be used once, for ten minutes.
        </Notice>
      ) : (
        <form onSubmit={submit}>
          <Field label="User name" name="username" autocomplete="username" maxlength={128} required />
          <button type="submit" aria-disabled={form.isBusy}>
            Send me a link
          </button>
        </form>
      )}
      <p>
        <a href={hrefOf({ page: 'dashboard' })}>Back to log-in</a>
      </p>
    </Gate>
  );
}
