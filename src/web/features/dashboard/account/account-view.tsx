import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Account, Transaction } from '../../../api/bank.ts';
import { recheck } from '../../../auth-session/session.ts';
import { atMostEvery } from '../../../hooks/timing.ts';
import { BalanceCard } from '../charts/balance-card.tsx';
import { SpendersCard } from '../charts/spenders-card.tsx';
import { TransactionsCard } from '../transactions/transactions-card.tsx';
import { TransferCard } from '../transfer/transfer-card.tsx';
import { AccountHead } from './account-head.tsx';
import { arrivalsText } from './labels.ts';
import { LiveAccount } from './live-account.ts';

export interface AccountViewProps {
  account: Account;
  /** Without it, the account can only be looked at. */
  mayTransfer: boolean;
}

/** All that there is to see of one account, live. Another account wants another `key`. */
export function AccountView({ account, mayTransfer }: AccountViewProps): JSX.Element {
  const [live] = useState(() => new LiveAccount(account, () => recheck(false)));
  const view = useRef<HTMLDivElement>(null);
  useEffect(() => (view.current === null ? undefined : live.start()), []);
  return (
    <div ref={view} class={mayTransfer ? 'account' : 'account read-only'}>
      <AccountHead live={live} mayTransfer={mayTransfer} />
      <BalanceCard live={live} />
      <SpendersCard live={live} />
      <TransactionsCard live={live} />
      {mayTransfer && <TransferCard live={live} />}
      <ArrivalStatus live={live} />
    </div>
  );
}

const SPEAK_MS = 8000;

/** Tells those who can't see the list grow, when there is time, and not each and every time. */
export function ArrivalStatus({ live }: { live: LiveAccount }): JSX.Element {
  const [text, setText] = useState('');
  useEffect(() => {
    let unspoken: Transaction[] = [];
    const speech = atMostEvery(SPEAK_MS, () => {
      setText(arrivalsText(unspoken));
      unspoken = [];
    });
    const stopListening = live.listen({
      onArrival(arrived) {
        unspoken.push(...arrived);
        speech.ask();
      },
    });
    return () => {
      stopListening();
      speech.stop();
    };
  }, []);
  return (
    <p class="unseen" role="status">
      {text}
    </p>
  );
}
