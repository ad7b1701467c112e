import type { Transaction } from '../../../api/bank.ts';
import { retryPauseMs } from '../../../api/event-stream.ts';

/** `paused` is what the user has asked for. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'paused';

export interface StreamHandlers {
  onState(state: StreamState): void;
  onTransaction(transaction: Transaction): void;
  /** A stream has begun that knows of none before it: what has happened until now has to be asked for. */
  onBegin(): void;
  /** The server has refused. The stream is opened again a while after this has been seen to. */
  onRefused(): Promise<unknown>;
}

export interface TransactionStream {
  setPaused(isPaused: boolean): void;
  stop(): void;
}

/**
 * Follows an account's transactions while the page can be seen: a browser has six connections for all tabs of a
 * site. A connection that breaks is made again by the browser, and the server goes on where it was; after a
 * refusal it is opened anew, each time after a longer pause.
 */
export function followTransactions(path: string, handlers: StreamHandlers): TransactionStream {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;
  let isPaused = false;
  let isOn = false;

  function open(): void {
    const opened = new EventSource(path);
    let hasBegun = false;
    source = opened;
    opened.addEventListener('open', () => {
      refusals = 0;
      handlers.onState('live');
      if (!hasBegun) handlers.onBegin();
      hasBegun = true;
    });
    opened.addEventListener('transaction', ({ data }: MessageEvent<string>) =>
      handlers.onTransaction(JSON.parse(data) as Transaction),
    );
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      handlers.onState('reconnecting');
      if (opened.readyState === EventSource.CLOSED) void openLater(opened);
    });
  }

  async function openLater(refused: EventSource): Promise<void> {
    const pauseMs = retryPauseMs(refusals, Math.random());
    refusals += 1;
    await handlers.onRefused();
    if (source === refused) timer = setTimeout(open, pauseMs);
  }

  function close(): void {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  function look(): void {
    const isWanted = !isPaused && document.visibilityState === 'visible';
    if (isWanted === isOn) return;
    isOn = isWanted;
    handlers.onState(isPaused ? 'paused' : 'connecting');
    if (isWanted) open();
    else close();
  }

  document.addEventListener('visibilitychange', look);
  look();
  return {
    setPaused(paused) {
      isPaused = paused;
      look();
    },
    stop() {
      document.removeEventListener('visibilitychange', look);
      close();
    },
  };
}
