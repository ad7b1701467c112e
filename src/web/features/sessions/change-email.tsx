import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { changeEmail, type EmailAddresses, emailAddresses } from '../../api/auth.ts';
import { focusFirstError } from '../../hooks/focus.ts';
import { type FormError, fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { useLoad } from '../../hooks/load.ts';
import { TextField } from '../../ui/field.tsx';
import { LoadError, Notice } from '../../ui/notice.tsx';
import { LoginError } from '../login/login-error.tsx';

interface ChangeEmailProps {
  /** The form has been submitted: an earlier outcome no longer applies. */
  onStart: () => void;
  onDone: (address: string) => void;
}

/** The user's own email address, and a form to change it. */
export function ChangeEmail(props: ChangeEmailProps): JSX.Element {
  const loaded = useLoad(emailAddresses, []);
  const addresses = loaded.value;
  const onDone = (address: string): void => {
    props.onDone(address);
    void loaded.reload();
  };
  return (
    <section class="card account-form" aria-labelledby="email-heading">
      <h2 id="email-heading">Your email address</h2>
      {loaded.error && <LoadError loaded={loaded} what="Your address" />}
      {addresses === undefined && !loaded.error && <p class="faint">Loading …</p>}
      {addresses && <Addresses addresses={addresses} />}
      {addresses?.can_change && <EmailForm onStart={props.onStart} onDone={onDone} />}
    </section>
  );
}

function Addresses({ addresses: { email, unconfirmed_email } }: { addresses: EmailAddresses }): JSX.Element {
  return (
    <>
      <p>{email ?? 'There is no confirmed address, so you cannot reset your password yourself.'}</p>
      {unconfirmed_email && <p class="faint">{unconfirmed_email} has not been confirmed yet.</p>}
    </>
  );
}

function EmailForm({ onStart, onDone }: ChangeEmailProps): JSX.Element {
  const form = useForm();
  const [changes, setChanges] = useState(0);
  const submit = onSubmit((target) => {
    onStart();
    const address = fieldText(target, 'email').trim();
    void form
      .run(() => changeEmail(address, fieldText(target, 'current_password')))
      .then((isDone) => {
        if (!isDone) return focusFirstError(target);
        setChanges(changes + 1);
        onDone(address);
      });
  });
  return (
    <form onSubmit={submit}>
      {form.error && <EmailError error={form.error} />}
      <Fields key={changes} error={form.error} />
      <div class="buttons">
        <button type="submit" aria-disabled={form.isBusy}>
          {form.isBusy ? 'Sending …' : 'Send confirmation link'}
        </button>
      </div>
    </form>
  );
}

const isWrongPassword = (error: FormError | undefined): boolean => error?.apiError?.code === 'password_wrong';

function Fields({ error }: { error: FormError | undefined }): JSX.Element {
  return (
    <>
      <TextField
        label="New address"
        name="email"
        autocomplete="email"
        maxlength={254}
        required
        hint="It replaces the present address once you open the link that is sent to it."
        error={error?.fields.email}
      />
      <TextField
        label="Your password"
        name="current_password"
        type="password"
        autocomplete="current-password"
        maxlength={1024}
        required
        error={isWrongPassword(error) ? error?.message : error?.fields.current_password}
      />
    </>
  );
}

/** An error at a field is not repeated above the form. */
function EmailError({ error }: { error: FormError }): JSX.Element | null {
  if (isWrongPassword(error)) return null;
  if (error.apiError?.code === 'login_throttled') return <LoginError error={error} />;
  const hasFieldError = Object.keys(error.fields).length > 0;
  return <Notice kind="error">{hasFieldError ? 'Please fix the errors below.' : error.message}</Notice>;
}
