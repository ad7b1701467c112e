import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Who } from '../../api/auth.ts';
import { type Account, ownAccounts } from '../../api/bank.ts';
import { useAnswer } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { may } from '../../shell.tsx';
import { LoadFault } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { AccountView } from './account/account-view.tsx';
import { AccountLookup } from './account-page.tsx';

/** My money: one of my accounts, live. */
export function DashboardPage({ who }: { who: Who }): JSX.Element {
  const answer = useAnswer(ownAccounts, []);
  const [chosenId, choose] = useState<string | undefined>(undefined);
  const accounts = answer.value;
  const account = accounts?.find(({ id }) => id === chosenId) ?? accounts?.[0];
  return (
    <Page title="Dashboard" aside={account && choiceOf(accounts ?? [], account, choose)}>
      {answer.fault && <LoadFault what="Your accounts" answer={answer} />}
      {accounts === undefined && !answer.fault && <p role="status">Loading your accounts …</p>}
      {account && (
        <AccountView key={account.id} account={account} mayTransfer={may(who, 'transfers:write')} />
      )}
      {accounts?.length === 0 && <NoAccount who={who} />}
      {may(who, 'accounts:read-any') && <AccountLookup />}
    </Page>
  );
}

const choiceOf = (
  accounts: readonly Account[],
  account: Account,
  onChoose: (id: string) => void,
): JSX.Element | undefined =>
  accounts.length > 1 ? (
    <AccountChoice accounts={accounts} chosen={account} onChoose={onChoose} />
  ) : undefined;

export interface AccountChoiceProps {
  accounts: readonly Account[];
  chosen: Account;
  onChoose: (id: string) => void;
}

/** Which of several accounts is shown. */
export function AccountChoice({ accounts, chosen, onChoose }: AccountChoiceProps): JSX.Element {
  const id = useId();
  return (
    <div class="account-choice">
      <label for={id}>Account</label>
      <select
        id={id}
        value={chosen.id}
        onInput={({ target }) => onChoose((target as HTMLSelectElement).value)}
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

/** Whoever works at the bank needn't be its customer: where to go instead. */
export const NoAccount = ({ who }: { who: Who }): JSX.Element => (
  <section class="card no-account" aria-labelledby="no-account-heading">
    <h2 id="no-account-heading">You have no account here</h2>
    <p>Balances and transfers are for the bank’s customers. What you can do:</p>
    <ul>
      {may(who, 'accounts:read-any') && <li>look at a customer’s account by its number, below</li>}
      {may(who, 'users:manage') && (
        <li>
          see and manage <a href={hrefOf({ page: 'users' })}>the users</a> and where they are logged in
        </li>
      )}
      {may(who, 'audit:read') && (
        <li>
          read <a href={hrefOf({ page: 'audit' })}>the audit trail</a>
        </li>
      )}
      <li>
        see where <a href={hrefOf({ page: 'sessions' })}>you are logged in</a>
      </li>
    </ul>
  </section>
);
