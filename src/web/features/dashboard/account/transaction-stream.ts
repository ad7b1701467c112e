import type { Transaction } from '../../../api/bank.ts';
import { createEventStream } from '../../../api/event-stream.ts';

/** `paused`: by the user. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'paused';

interface StreamHandlers {
  onState(state: StreamState): void;
  onTransaction(transaction: Transaction): void;
  /** A new stream has started. It does not repeat earlier transactions: those have to be loaded. */
  onStart(): void;
  /** The server has refused the stream. It is opened again when the promise is settled. */
  onRefused(): Promise<unknown>;
}

export interface TransactionStream {
  setPaused(isPaused: boolean): void;
  stop(): void;
}

/** Follows an account's transactions while the page is visible: a browser has six connections per site for all tabs. */
export function followTransactions(path: string, handlers: StreamHandlers): TransactionStream {
  let isPaused = false;
  let isOpen = false;
  const stream = createEventStream({
    path,
    events: { transaction: (data) => handlers.onTransaction(data as Transaction) },
    onOpen: (isNew) => {
      handlers.onState('live');
      if (isNew) handlers.onStart();
    },
    onInterrupted: () => handlers.onState('reconnecting'),
    onRefused: handlers.onRefused,
  });

  function update(): void {
    const shouldBeOpen = !isPaused && document.visibilityState === 'visible';
    if (shouldBeOpen === isOpen) return;
    isOpen = shouldBeOpen;
    handlers.onState(isPaused ? 'paused' : 'connecting');
    if (isOpen) stream.open();
    else stream.close();
  }

  document.addEventListener('visibilitychange', update);
  update();
  return {
    setPaused(paused) {
      isPaused = paused;
      update();
    },
    stop() {
      document.removeEventListener('visibilitychange', update);
      stream.close();
    },
  };
}
