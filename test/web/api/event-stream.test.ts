import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEventStream, type EventStream, retryDelayMs } from '../../../src/web/api/event-stream.ts';

test('delays between attempts grow to at most 15 seconds and are randomized', () => {
  const refusals = [0, 1, 2, 3, 4, 5, 1e6];
  const [min, max] = [0, 1].map((random) => refusals.map((count) => retryDelayMs(count, random)));
  expect(min).toEqual([1000, 2000, 4000, 7500, 7500, 7500, 7500]);
  expect(max).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
});

describe('an event stream', () => {
  class FakeEventSource extends EventTarget {
    static readonly CLOSED = 2;
    readyState = 0;
    close(): void {
      this.readyState = FakeEventSource.CLOSED;
    }
    accept(): void {
      this.readyState = 1;
      this.dispatchEvent(new Event('open'));
    }
    /** The browser restores a lost connection. */
    lose(): void {
      this.readyState = 0;
      this.dispatchEvent(new Event('error'));
    }
    refuse(): void {
      this.readyState = FakeEventSource.CLOSED;
      this.dispatchEvent(new Event('error'));
    }
  }

  let sources: FakeEventSource[];
  let log: string[];
  let recheck: PromiseWithResolvers<void>;
  let stream: EventStream;
  beforeEach(() => {
    vi.useFakeTimers();
    sources = [];
    log = [];
    recheck = Promise.withResolvers();
    vi.stubGlobal(
      'EventSource',
      class extends FakeEventSource {
        constructor() {
          super();
          sources.push(this);
        }
      },
    );
    stream = createEventStream({
      path: '/events',
      events: { news: (data) => log.push(JSON.stringify(data)) },
      onOpen: (isNew) => log.push(isNew ? 'new' : 'reconnected'),
      onInterrupted: () => log.push('interrupted'),
      onRefused: () => {
        log.push('refused');
        return recheck.promise;
      },
    });
    stream.open();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  test('passes parsed data to the handler of its event', () => {
    sources[0]?.dispatchEvent(new MessageEvent('news', { data: '{"id":1}' }));
    expect(log).toEqual(['{"id":1}']);
  });

  test('leaves a lost connection to the browser', async () => {
    sources[0]?.accept();
    sources[0]?.lose();
    await vi.advanceTimersByTimeAsync(60_000);
    sources[0]?.accept();
    expect(log).toEqual(['new', 'interrupted', 'reconnected']);
    expect(sources).toHaveLength(1);
  });

  test('is opened again after a refusal, once the refusal has been handled', async () => {
    sources[0]?.refuse();
    expect(log).toEqual(['interrupted']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(log).toEqual(['interrupted', 'refused']);
    expect(sources).toHaveLength(1);
    recheck.reject(new Error('no response'));
    await vi.advanceTimersByTimeAsync(0);
    sources[1]?.accept();
    expect(log.at(-1)).toBe('new');
  });

  test('is not opened again after a refusal if it is closed in the meantime', async () => {
    sources[0]?.refuse();
    await vi.advanceTimersByTimeAsync(2000);
    stream.close();
    recheck.resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sources).toHaveLength(1);
  });

  test('replaces the previous connection when it is opened again', () => {
    stream.open();
    expect(sources.map(({ readyState }) => readyState)).toEqual([FakeEventSource.CLOSED, 0]);
    sources[0]?.refuse();
    expect(log).toEqual([]);
  });
});
