import { createParser } from 'eventsource-parser';
import type { Fetch } from '../dpop/proof-fetch.ts';

/** The delay before a lost connection is restored, until the server sends a `retry` field. As in browsers. */
const RECONNECT_MS = 3000;

export interface EventSourceOptions {
  path: string;
  send: Fetch;
  onOpen(): void;
  /** Not for fields without `data`. */
  onEvent(name: string, data: string): void;
  /** The connection was lost, and will be restored after the last event. */
  onLost(): void;
  /** The server has refused the stream. It is not opened again. */
  onRefused(): void;
}

/**
 * Receives server-sent events as `EventSource` does (HTML standard, section 9.2), which cannot send headers, such as a
 * proof. Returns how to close it.
 */
export function openEventSource(options: EventSourceOptions): () => void {
  const closing = new AbortController();
  const { signal } = closing;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reconnectMs = RECONNECT_MS;
  let lastEventId = '';

  async function connect(): Promise<void> {
    const response = await options
      .send(options.path, fetchOptions(lastEventId, signal))
      .catch(() => undefined);
    if (signal.aborted) return;
    if (response !== undefined) {
      if (!isEventStream(response)) return options.onRefused();
      options.onOpen();
      await receive(response).catch(() => {});
      if (signal.aborted) return;
    }
    options.onLost();
    timer = setTimeout(() => void connect(), reconnectMs);
  }

  async function receive({ body }: Response): Promise<void> {
    const parser = createParser({
      onId: (id) => {
        lastEventId = id;
      },
      onRetry: (ms) => {
        reconnectMs = ms;
      },
      onEvent: ({ event = 'message', data }) => handleEvent(event, data),
    });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read())
      parser.feed(read.value);
  }

  /** A fault in a handler is reported like that of an event listener, and the next event is handled. */
  function handleEvent(name: string, data: string): void {
    if (signal.aborted) return;
    try {
      options.onEvent(name, data);
    } catch (fault) {
      reportError(fault);
    }
  }

  void connect();
  return () => {
    clearTimeout(timer);
    closing.abort();
  };
}

const fetchOptions = (lastEventId: string, signal: AbortSignal): RequestInit => ({
  headers: {
    accept: 'text/event-stream',
    ...(lastEventId !== '' && { 'last-event-id': lastEventId }),
  },
  cache: 'no-store',
  credentials: 'same-origin',
  redirect: 'error',
  signal,
});

const isEventStream = ({ status, headers }: Response): boolean =>
  status === 200 && headers.get('content-type')?.split(';')[0]?.trim() === 'text/event-stream';
