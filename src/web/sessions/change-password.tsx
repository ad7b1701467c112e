import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { changePassword } from '../api/auth.ts';
import { LogInFault } from '../log-in/log-in-fault.tsx';
import { Field } from '../shell/field.tsx';
import { type FormFault, textOf, useForm } from '../shell/form.ts';
import { Notice } from '../shell/notice.tsx';

/** Changes the own password. All other sessions end with it. */
export function ChangePassword({ onDone }: { onDone: () => void }): JSX.Element {
  const form = useForm();
  const [isShown, setShown] = useState(false);
  const type = isShown ? 'text' : 'password';
  const submit = (event: Event): void => {
    event.preventDefault();
    const target = event.target as HTMLFormElement;
    const passwords = [textOf(target, 'current_password'), textOf(target, 'new_password')] as const;
    void form
      .run(() => changePassword(...passwords))
      .then((isDone) => {
        if (!isDone) return;
        target.reset();
        setShown(false);
        onDone();
      });
  };
  return (
    <section class="card password" aria-labelledby="password-heading">
      <h2 id="password-heading">Change your password</h2>
      <p class="faint">All of your other sessions end with it.</p>
      {form.fault && <PasswordFault fault={form.fault} />}
      <form onSubmit={submit}>
        <Field
          label="Current password"
          name="current_password"
          type={type}
          autocomplete="current-password"
          maxlength={1024}
          required
          error={errorAtCurrent(form.fault)}
        />
        <Field
          label="New password"
          name="new_password"
          type={type}
          autocomplete="new-password"
          maxlength={1024}
          hint="At least 8 characters. A few words are better than one."
          required
          error={form.fault?.fields.new_password}
        />
        <label class="check">
          <input type="checkbox" checked={isShown} onInput={() => setShown(!isShown)} />
          Show the passwords
        </label>
        <div class="buttons">
          <button type="submit" aria-disabled={String(form.isBusy)}>
            {form.isBusy ? 'Changing …' : 'Change the password'}
          </button>
        </div>
      </form>
    </section>
  );
}

const isWrong = (fault: FormFault): boolean => fault.problem?.code === 'password_wrong';

const errorAtCurrent = (fault: FormFault | undefined): string | undefined =>
  fault && isWrong(fault) ? fault.title : fault?.fields.current_password;

/** What stands at a field isn't said once more above the form. */
function PasswordFault({ fault }: { fault: FormFault }): JSX.Element | null {
  if (isWrong(fault)) return null;
  if (fault.problem?.code === 'login_throttled') return <LogInFault fault={fault} />;
  const isAtField = Object.keys(fault.fields).length > 0;
  return (
    <Notice kind="error">{isAtField ? 'The password has not been changed: see below.' : fault.title}</Notice>
  );
}
