import type { JSX } from 'preact';
import { useStore } from '../../../hooks/store.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatMoney } from '../../../ui/format.ts';
import type { LiveAccount } from './live-account.ts';
import type { StreamState } from './transaction-stream.ts';

export interface AccountHeadProps {
  live: LiveAccount;
  mayTransfer: boolean;
}

/** Whose account it is, its number, and what is in it at this moment. */
export function AccountHead({ live, mayTransfer }: AccountHeadProps): JSX.Element {
  const { stream } = useStore(live.state);
  const { id, name, currency } = live.account;
  return (
    <section class="card account-head" aria-labelledby="account-heading">
      <div class="holder">
        <h2 id="account-heading">{name}</h2>
        <p class="number">
          <span class="faint">Account number </span>
          <code>{id}</code>
          <CopyButton text={id} what="the account number" />
        </p>
      </div>
      <div class="balance">
        <p>
          <span class="faint">Balance</span>
          <strong>{formatMoney(live.balanceMinor(), currency)}</strong>
        </p>
        <LiveSign live={live} stream={stream} />
      </div>
      {mayTransfer && (
        <button type="button" class="quiet jump" onClick={goToTransfer}>
          Transfer money
        </button>
      )}
    </section>
  );
}

/** On a narrow screen the form is a long way down. */
const goToTransfer = (): void => document.querySelector<HTMLElement>('.transfer-card input')?.focus();

const STREAM_TEXT: Record<StreamState, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  reconnecting: 'Reconnecting …',
  paused: 'Paused',
};

/** Whether what there is to see is of this moment, and a way to make it stand still. */
function LiveSign({ live, stream }: { live: LiveAccount; stream: StreamState }): JSX.Element {
  const isPaused = stream === 'paused';
  return (
    <div class="live-bar">
      <span class={`live-sign ${stream}`}>{STREAM_TEXT[stream]}</span>
      <button type="button" class="link" onClick={() => live.setPaused(!isPaused)}>
        {isPaused ? 'Resume' : 'Pause'}
        <span class="unseen"> live updates</span>
      </button>
    </div>
  );
}
