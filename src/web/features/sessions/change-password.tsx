import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { changePassword } from '../../api/auth.ts';
import { focusFirstFault } from '../../hooks/focus.ts';
import { type FormFault, textOf, useForm } from '../../hooks/form.ts';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { LogInFault } from '../login/login-error.tsx';

export interface ChangePasswordProps {
  /** It is being tried: what was said of an earlier time is no longer so. */
  onStart: () => void;
  onDone: () => void;
}

/** Changes the own password. All other sessions end with it. */
export function ChangePassword({ onStart, onDone }: ChangePasswordProps): JSX.Element {
  const form = useForm();
  const [changes, setChanges] = useState(0);
  const submit = (event: Event): void => {
    event.preventDefault();
    onStart();
    const target = event.target as HTMLFormElement;
    const passwords = [textOf(target, 'current_password'), textOf(target, 'new_password')] as const;
    void form
      .run(() => changePassword(...passwords))
      .then((isDone) => {
        if (!isDone) return focusFirstFault(target);
        setChanges(changes + 1);
        onDone();
      });
  };
  return (
    <section class="card password" aria-labelledby="password-heading">
      <h2 id="password-heading">Change your password</h2>
      <p class="faint">All of your other sessions end with it.</p>
      {form.fault && <PasswordFault fault={form.fault} />}
      <form onSubmit={submit}>
        <Passwords key={changes} fault={form.fault} />
        <div class="buttons">
          <button type="submit" aria-disabled={form.isBusy}>
            {form.isBusy ? 'Changing …' : 'Change the password'}
          </button>
        </div>
      </form>
    </section>
  );
}

function Passwords({ fault }: { fault: FormFault | undefined }): JSX.Element {
  const [isShown, setShown] = useState(false);
  const shared = { type: isShown ? 'text' : 'password', maxlength: 1024, required: true } as const;
  return (
    <>
      <Field
        label="Current password"
        name="current_password"
        {...shared}
        autocomplete="current-password"
        error={errorAtCurrent(fault)}
      />
      <Field
        label="New password"
        name="new_password"
        {...shared}
        autocomplete="new-password"
        hint="At least 8 characters. A few words are better than one."
        error={fault?.fields.new_password}
      />
      <label class="check">
        <input type="checkbox" onInput={() => setShown(!isShown)} />
        Show the passwords
      </label>
    </>
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
