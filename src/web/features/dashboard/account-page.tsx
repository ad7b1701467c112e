import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { accountById } from '../../api/bank.ts';
import { textOf } from '../../hooks/form.ts';
import { useAnswer } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { Field } from '../../ui/field.tsx';
import { LoadFault, Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { AccountView } from './account/account-view.tsx';
import { withoutSpaces } from './transfer/transfer-order.ts';

/** Any customer's account, for those who may see all of them. It can only be looked at. */
export function AccountPage({ id }: { id: string }): JSX.Element {
  const answer = useAnswer(() => accountById(id), [id]);
  const { value: account, fault } = answer;
  const back = <a href={hrefOf({ page: 'dashboard' })}>Back to the dashboard</a>;
  return (
    <Page
      title={account === undefined ? 'Account' : `Account of ${account.name}`}
      tabTitle="Account"
      aside={back}
    >
      {fault && <LoadFault what="The account" answer={answer} />}
      {account === undefined && !fault && <p role="status">Loading the account …</p>}
      {account && (
        <>
          <Notice kind="info">
            This is the account of <strong>{account.name}</strong>. You can look at it; only its owner can
            move its money.
          </Notice>
          <AccountView key={account.id} account={account} mayTransfer={false} />
        </>
      )}
    </Page>
  );
}

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
