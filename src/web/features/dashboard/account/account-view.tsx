import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Account, Transaction } from '../../../api/bank.ts';
import { recheck } from '../../../auth-session/session.ts';
import { useStore } from '../../../hooks/store.ts';
import { throttle } from '../../../hooks/timing.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatMoney } from '../../../ui/format.ts';
import { BalanceCard } from '../charts/balance-card.tsx';
import { SpendersCard } from '../charts/spenders-card.tsx';
import { TransactionsCard } from '../transactions/transactions-card.tsx';
import { TransferCard } from '../transfer/transfer-card.tsx';
import { newTransactionsText } from './labels.ts';
import { LiveAccount } from './live-account.ts';
import type { StreamState } from './transaction-stream.ts';

interface AccountViewProps {
  account: Account;
  /** Without it, the account is read-only. */
  canTransfer: boolean;
}

/** An account, live. It needs another `key` for another account. */
export function AccountView({ account, canTransfer }: AccountViewProps): JSX.Element {
  const [live] = useState(() => new LiveAccount(account, () => recheck(false)));
  useEffect(() => live.start(), []);
  return (
    <div class={canTransfer ? 'account' : 'account read-only'}>
      <AccountHead live={live} canTransfer={canTransfer} />
      <BalanceCard live={live} />
      <SpendersCard live={live} />
      <TransactionsCard live={live} />
      {canTransfer && <TransferCard live={live} />}
      <NewTransactionsStatus live={live} />
    </div>
  );
}

/** The account's holder, number and current balance. */
function AccountHead({ live, canTransfer }: { live: LiveAccount; canTransfer: boolean }): JSX.Element {
  const { stream } = useStore(live.state);
  const { id, name, currency } = live.account;
  return (
    <section class="card account-head" aria-labelledby="account-heading">
      <div class="holder">
        <h2 id="account-heading">{name}</h2>
        <p class="number">
          <span class="faint">Account number </span>
          <code>{id}</code>
          <CopyButton text={id} what="account number" />
        </p>
      </div>
      <div class="balance">
        <p>
          <span class="faint">Balance</span>
          <strong>{formatMoney(live.balanceMinor(), currency)}</strong>
        </p>
        <StreamStatus live={live} stream={stream} />
      </div>
      {canTransfer && (
        <button type="button" class="quiet to-transfer" onClick={focusTransferForm}>
          Transfer money
        </button>
      )}
    </section>
  );
}

/** On a narrow screen, the form is far below. */
const focusTransferForm = (): void => document.querySelector<HTMLElement>('.transfer-card input')?.focus();

const STREAM_LABELS: Record<StreamState, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  reconnecting: 'Reconnecting …',
  paused: 'Paused',
};

/** Whether the page is up to date, and a button to pause updates. */
function StreamStatus({ live, stream }: { live: LiveAccount; stream: StreamState }): JSX.Element {
  const isPaused = stream === 'paused';
  return (
    <div class="live-bar">
      <span class={`live-sign ${stream}`}>{STREAM_LABELS[stream]}</span>
      <button type="button" class="link" onClick={() => live.setPaused(!isPaused)}>
        {isPaused ? 'Resume' : 'Pause'}
        <span class="unseen"> live updates</span>
      </button>
    </div>
  );
}

const ANNOUNCE_INTERVAL_MS = 8000;

/** Announces new transactions to screen readers, several at a time. */
function NewTransactionsStatus({ live }: { live: LiveAccount }): JSX.Element {
  const [text, setText] = useState('');
  useEffect(() => {
    let unannounced: Transaction[] = [];
    const announcement = throttle(ANNOUNCE_INTERVAL_MS, () => {
      setText(newTransactionsText(unannounced));
      unannounced = [];
    });
    const unsubscribe = live.subscribe({
      onTransactions(added) {
        unannounced.push(...added);
        announcement.call();
      },
    });
    return () => {
      unsubscribe();
      announcement.cancel();
    };
  }, []);
  return (
    <p class="unseen" role="status">
      {text}
    </p>
  );
}
