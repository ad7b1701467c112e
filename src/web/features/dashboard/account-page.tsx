import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { accountById } from '../../api/bank.ts';
import { fieldText, onSubmit } from '../../hooks/form.ts';
import { useLoad } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { TextField } from '../../ui/field.tsx';
import { LoadError, Notice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { AccountView } from './account/account-view.tsx';
import { isAccountNumber, withoutSpaces } from './transfer/transfer-order.ts';

/** Any customer's account, read-only, for operators with the scope `accounts:read-any`. */
export function AccountPage({ id }: { id: string }): JSX.Element {
  const loaded = useLoad(() => accountById(id), [id]);
  const { value: account, error } = loaded;
  const back = <a href={hrefOf({ page: 'dashboard' })}>Back to the dashboard</a>;
  return (
    <Page
      title={account === undefined ? 'Account' : `Account of ${account.name}`}
      tabTitle="Account"
      aside={back}
    >
      {error && <LoadError what="The account" loaded={loaded} />}
      {account === undefined && !error && <p role="status">Loading the account …</p>}
      {account && (
        <>
          <Notice kind="info">
            This is the account of <strong>{account.name}</strong>. You can view it, but only its owner can
            make transfers.
          </Notice>
          <AccountView key={account.id} account={account} canTransfer={false} />
        </>
      )}
    </Page>
  );
}

/** Opens any customer's account by its number. */
export function AccountLookup(): JSX.Element {
  const [error, setError] = useState<string | undefined>(undefined);
  const open = onSubmit((form) => {
    const id = withoutSpaces(fieldText(form, 'account'));
    if (isAccountNumber(id)) {
      location.hash = hrefOf({ page: 'account', id });
      return;
    }
    setError('An account number consists of letters, digits, "-" and "_".');
    form.querySelector('input')?.focus();
  });
  return (
    <section class="card lookup" aria-labelledby="lookup-heading">
      <h2 id="lookup-heading">View a customer's account</h2>
      <form onSubmit={open} novalidate>
        <TextField
          label="Account number"
          name="account"
          autocomplete="off"
          required
          error={error}
          hint="Customers can find it at the top of their dashboard."
        />
        <button type="submit">Open</button>
      </form>
    </section>
  );
}
