import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEventStream, type EventStream, retryDelayMs } from '../../../src/web/api/event-stream.ts';

test('delays between attempts grow to at most 15 seconds and are randomized', () => {
  const refusals = [0, 1, 2, 3, 4, 5, 1e6];
  const [min, max] = [0, 1].map((random) => refusals.map((count) => retryDelayMs(count, random)));
  expect(min).toEqual([1000, 2000, 4000, 7500, 7500, 7500, 7500]);
  expect(max).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
});

describe('an event stream', () => {
  /** One request for the stream. */
  interface Connection {
    signal: AbortSignal | null | undefined;
    accept(): void;
    send(text: string): void;
    lose(): void;
    refuse(): void;
  }

  function connection(init: RequestInit, respond: (response: Response) => void): Connection {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    const headers = { 'content-type': 'text/event-stream' };
    return {
      signal: init.signal,
      accept: () => respond(new Response(readable, { headers })),
      send: (text) => void writer.write(new TextEncoder().encode(text)),
      lose: () => void writer.close(),
      refuse: () => respond(new Response('{}', { status: 401 })),
    };
  }

  let connections: Connection[];
  let log: string[];
  let recheck: PromiseWithResolvers<void>;
  let stream: EventStream;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    connections = [];
    log = [];
    recheck = Promise.withResolvers();
    stream = createEventStream(
      {
        path: '/events',
        events: { news: (data) => log.push(JSON.stringify(data)) },
        onOpen: (isNew) => log.push(isNew ? 'new' : 'reconnected'),
        onInterrupted: () => log.push('interrupted'),
        onRefused: () => {
          log.push('refused');
          return recheck.promise;
        },
      },
      (_path, init) => new Promise((respond) => connections.push(connection(init, respond))),
    );
    stream.open();
  });
  afterEach(() => {
    stream.close();
    vi.useRealTimers();
  });

  /** After all promises and streams have been settled. */
  const settled = (): Promise<void> => new Promise((done) => setImmediate(() => setImmediate(done)));

  test('passes parsed data to the handler of its event, and ignores other events', async () => {
    connections[0]?.accept();
    connections[0]?.send('event: other\ndata: 1\n\nevent: news\ndata: {"id":1}\n\n');
    await settled();
    expect(log).toEqual(['new', '{"id":1}']);
  });

  test('restores a lost connection, which is not a new stream', async () => {
    connections[0]?.accept();
    connections[0]?.lose();
    await settled();
    expect(log).toEqual(['new', 'interrupted']);
    await vi.advanceTimersByTimeAsync(60_000);
    connections[1]?.accept();
    await settled();
    expect(log).toEqual(['new', 'interrupted', 'reconnected']);
    expect(connections).toHaveLength(2);
  });

  test('is opened again after a refusal, once the refusal has been handled', async () => {
    connections[0]?.refuse();
    await settled();
    expect(log).toEqual(['interrupted']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(log).toEqual(['interrupted', 'refused']);
    expect(connections).toHaveLength(1);
    recheck.reject(new Error('no response'));
    await settled();
    connections[1]?.accept();
    await settled();
    expect(log.at(-1)).toBe('new');
  });

  test('is not opened again after a refusal if it is closed in the meantime', async () => {
    connections[0]?.refuse();
    await settled();
    await vi.advanceTimersByTimeAsync(2000);
    stream.close();
    recheck.resolve();
    await settled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connections).toHaveLength(1);
  });

  test('replaces the previous connection when it is opened again', async () => {
    stream.open();
    expect(connections.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    connections[0]?.refuse();
    await settled();
    expect(log).toEqual([]);
  });
});
