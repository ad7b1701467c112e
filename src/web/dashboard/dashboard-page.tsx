import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Who } from '../api/auth.ts';
import { type Account, ownAccounts } from '../api/bank.ts';
import { useAnswer } from '../shell/answer.ts';
import { LoadFault } from '../shell/load-fault.tsx';
import { Page } from '../shell/page.tsx';
import { may } from '../shell/shell.tsx';
import { AccountChoice } from './account/account-choice.tsx';
import { AccountLookup } from './account/account-lookup.tsx';
import { AccountView } from './account/account-view.tsx';
import { NoAccount } from './account/no-account.tsx';

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
