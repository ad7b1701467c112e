import { type Fetch, sessionFetch } from '../dpop/proof-fetch.ts';
import { openEventSource } from './event-source.ts';

const RETRY_MIN_MS = 2000;
const RETRY_MAX_MS = 15_000;

interface EventStreamOptions {
  path: string;
  /** By the name of the event; `data` is parsed JSON. */
  events: Record<string, (data: unknown) => void>;
  /** `isNew`: not a reconnect, so the server did not resume after the last event. */
  onOpen?(isNew: boolean): void;
  /** The connection was lost or refused. It will be opened again. */
  onInterrupted?(): void;
  /** The server has refused the stream. It is opened again when the promise is settled. */
  onRefused(): Promise<unknown>;
}

export interface EventStream {
  /** Opens the stream, or opens it again. */
  open(): void;
  /** Opens it again as after a refusal: later, and after `onRefused`. */
  retry(): void;
  close(): void;
}

/**
 * Server-sent events of the current session. A lost connection is restored; after a refusal, the stream is opened again
 * with increasing delays.
 */
export function createEventStream(
  options: EventStreamOptions,
  send: Fetch = sessionFetch.inSession,
): EventStream {
  let closeSource: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refusals = 0;

  function close(): void {
    clearTimeout(timer);
    timer = undefined;
    closeSource?.();
    closeSource = undefined;
  }

  function open(): void {
    close();
    let isNew = true;
    closeSource = openEventSource({
      path: options.path,
      send,
      onOpen: () => {
        refusals = 0;
        options.onOpen?.(isNew);
        isNew = false;
      },
      onEvent: (name, data) => options.events[name]?.(JSON.parse(data)),
      onLost: () => options.onInterrupted?.(),
      onRefused: () => {
        options.onInterrupted?.();
        retry();
      },
    });
  }

  function retry(): void {
    close();
    const reopen = (): void => {
      if (timer === scheduled) open();
    };
    const scheduled = setTimeout(
      () => void options.onRefused().then(reopen, reopen),
      retryDelayMs(refusals, Math.random()),
    );
    timer = scheduled;
    refusals += 1;
  }

  return { open, retry, close };
}

/**
 * The delay before the next attempt after so many consecutive refusals. `random` (at least 0, less than 1) is different
 * in each page, so that pages refused together do not reconnect together.
 */
export const retryDelayMs = (refusals: number, random: number): number =>
  Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** refusals) * (0.5 + random / 2);
