import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { type CurrentUser, hasScope } from '../../api/auth.ts';
import { type Account, ownAccounts } from '../../api/bank.ts';
import { useLoad } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { LoadError } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { AccountView } from './account/account-view.tsx';
import { AccountLookup } from './account-page.tsx';

/** One of the user's own accounts, live. */
export function DashboardPage({ currentUser }: { currentUser: CurrentUser }): JSX.Element {
  const loaded = useLoad(ownAccounts, []);
  const [selectedId, select] = useState<string | undefined>(undefined);
  const accounts = loaded.value ?? [];
  const account = accounts.find(({ id }) => id === selectedId) ?? accounts[0];
  const picker = account && accounts.length > 1 && (
    <AccountPicker accounts={accounts} selected={account} onSelect={select} />
  );
  return (
    <Page title="Dashboard" aside={picker}>
      {loaded.error && <LoadError what="Your accounts" loaded={loaded} />}
      {loaded.value === undefined && !loaded.error && <p role="status">Loading your accounts …</p>}
      {account && (
        <AccountView
          key={account.id}
          account={account}
          canTransfer={hasScope(currentUser, 'transfers:write')}
        />
      )}
      {loaded.value?.length === 0 && <NoAccount currentUser={currentUser} />}
      {hasScope(currentUser, 'accounts:read-any') && <AccountLookup />}
    </Page>
  );
}

interface AccountPickerProps {
  accounts: readonly Account[];
  selected: Account;
  onSelect: (id: string) => void;
}

function AccountPicker({ accounts, selected, onSelect }: AccountPickerProps): JSX.Element {
  const id = useId();
  return (
    <div class="account-picker">
      <label for={id}>Account</label>
      <select
        id={id}
        value={selected.id}
        onInput={({ target }) => onSelect((target as HTMLSelectElement).value)}
      >
        {accounts.map((account) => (
          <option key={account.id} value={account.id}>
            {account.currency} · {account.id}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Staff need not be customers: links to what they can do. */
const NoAccount = ({ currentUser }: { currentUser: CurrentUser }): JSX.Element => (
  <section class="card no-account" aria-labelledby="no-account-heading">
    <h2 id="no-account-heading">You don't have an account</h2>
    <p>Balances and transfers are only for the bank's customers. You can:</p>
    <ul>
      {hasScope(currentUser, 'accounts:read-any') && <li>view a customer's account by its number, below</li>}
      {hasScope(currentUser, 'users:manage') && (
        <li>
          manage <a href={hrefOf({ page: 'users' })}>users</a> and their sessions
        </li>
      )}
      {hasScope(currentUser, 'audit:read') && (
        <li>
          read the <a href={hrefOf({ page: 'audit' })}>audit trail</a>
        </li>
      )}
      <li>
        see <a href={hrefOf({ page: 'sessions' })}>your sessions</a>
      </li>
    </ul>
  </section>
);
