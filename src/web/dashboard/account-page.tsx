import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { accountById } from '../api/bank.ts';
import { hrefOf } from '../place.ts';
import { useAnswer } from '../shell/answer.ts';
import { LoadFault } from '../shell/load-fault.tsx';
import { Notice } from '../shell/notice.tsx';
import { Page } from '../shell/page.tsx';
import { AccountView } from './account/account-view.tsx';

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
