import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { hrefOf } from '../../place.ts';
import { Field } from '../../shell/field.tsx';
import { textOf } from '../../shell/form.ts';
import { withoutSpaces } from '../transfer/transfer-order.ts';

const ACCOUNT_ID = /^[\w-]{1,64}$/;

/** Opens any customer's account by its number, for those who may see all of them. */
export function AccountLookup(): JSX.Element {
  const [error, setError] = useState<string | undefined>(undefined);
  const open = (event: Event): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const id = withoutSpaces(textOf(form, 'account'));
    if (ACCOUNT_ID.test(id)) {
      location.hash = hrefOf({ page: 'account', id });
      return;
    }
    setError('An account number has letters, digits, "-" and "_".');
    form.querySelector('input')?.focus();
  };
  return (
    <section class="card lookup" aria-labelledby="lookup-heading">
      <h2 id="lookup-heading">Look at a customer’s account</h2>
      <form onSubmit={open} novalidate>
        <Field
          label="Account number"
          name="account"
          autocomplete="off"
          required
          error={error}
          hint="Customers see theirs at the top of their dashboard."
        />
        <button type="submit">Open</button>
      </form>
    </section>
  );
}
