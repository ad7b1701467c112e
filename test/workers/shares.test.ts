import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { NetworkShares } from '../../src/gateway/edge/network-shares.ts';
import { ConcurrencyLimiter } from '../../src/gateway/pipeline/limits.ts';
import { TokenBuckets } from '../../src/gateway/rates/token-buckets.ts';
import { ShareExchange, type ShareReport } from '../../src/gateway/shares/exchange.ts';
import { ShareRelay } from '../../src/workers/share-relay.ts';

const RATE = { perSecond: 50, burst: 200 };

/** Workers that report to one relay, with a clock of their own; what is sent takes the form that it has between processes. */
function shareBetween(count: number) {
  const clock = { nowMs: 1_000_000 };
  const now = (): number => clock.nowMs;
  const relay = new ShareRelay(now);
  const sent: ShareReport[] = [];
  const exchanges: ShareExchange[] = [];
  const add = (): { exchange: ShareExchange; buckets: TokenBuckets } => {
    const send = (report: ShareReport): void => {
      sent.push(report);
      relay.receive(exchange, copyOf(report));
    };
    const exchange: ShareExchange = new ShareExchange({ workers: count, send });
    const buckets = new TokenBuckets(RATE, undefined, { limits: exchange, name: 'user', now });
    relay.add(exchange, (report) => exchange.receive(copyOf(report)));
    exchanges.push(exchange);
    return { exchange, buckets };
  };
  const workers = Array.from({ length: count }, add);
  const report = (): void => {
    for (const exchange of exchanges) exchange.flush();
    relay.flush();
  };
  return { clock, relay, sent, workers, add, report };
}

const copyOf = (report: ShareReport): ShareReport => JSON.parse(JSON.stringify(report)) as ShareReport;

describe('the rate of a user', () => {
  test.for([2, 8])('over %i workers is that of one, and what they grant between two reports', (count) => {
    const { clock, workers, report } = shareBetween(count);
    const [stepMs, seconds, perStep] = [10, 60, 4];
    let granted = 0;
    for (let step = 0; step < (seconds * 1000) / stepMs; step += 1) {
      clock.nowMs += stepMs;
      for (let i = 0; i < perStep; i += 1) {
        const worker = workers[(step * perStep + i) % count];
        if (worker?.buckets.take('bob', clock.nowMs).granted) granted += 1;
      }
      if (step % 5 === 4) report();
    }
    const exact = RATE.burst + RATE.perSecond * seconds;
    const betweenReports = 5 * perStep;
    expect(granted).toBeLessThanOrEqual(exact + betweenReports + RATE.burst / 32);
    expect(granted).toBeGreaterThanOrEqual(exact - betweenReports);
  });

  test('that is used a little is not reported, and is not forgotten either', () => {
    const { clock, sent, workers, report } = shareBetween(2);
    const take = (): void => void workers[0]?.buckets.take('bob', clock.nowMs);
    take();
    take();
    report();
    expect(sent).toEqual([]);
    take();
    take();
    report();
    expect(sent).toEqual([{ taken: [['user', [['bob', 80]]]], held: [] }]);
  });

  test('is known to a worker that is started later', () => {
    const { clock, workers, add, report } = shareBetween(2);
    while (workers[0]?.buckets.take('bob', clock.nowMs).granted);
    report();
    const fresh = add();
    expect(fresh.buckets.take('bob', clock.nowMs)).toMatchObject({ granted: false });
    expect(fresh.buckets.take('alice', clock.nowMs)).toMatchObject({ granted: true });
  });
});

describe('what is held at one time', () => {
  test('by a network counts at all workers, until it is released or its worker has ended', () => {
    const { relay, workers, report } = shareBetween(2);
    const [one, other] = workers.map(({ exchange }) => new NetworkShares(4, exchange.held('connections', 4)));
    const first = one?.take('192.0.2.1');
    expect(one?.take('192.0.2.1')).toBeDefined();
    expect(one?.take('192.0.2.1')).toBeDefined();
    report();
    expect(other?.take('192.0.2.1')).toBeDefined();
    report();
    expect(one?.take('192.0.2.1')).toBeUndefined();
    expect(other?.take('192.0.2.1')).toBeUndefined();
    expect(other?.take('192.0.2.2')).toBeDefined();

    one?.release(first ?? []);
    report();
    expect(other?.take('192.0.2.1')).toBeDefined();
    expect(other?.take('192.0.2.1')).toBeUndefined();

    relay.remove(workers[0]?.exchange ?? {});
    report();
    expect(other?.take('192.0.2.1')).toBeDefined();
    expect(other?.take('192.0.2.1')).toBeDefined();
    expect(other?.take('192.0.2.1')).toBeUndefined();
  });

  test('by the requests of a user counts at all workers, until their responses have been sent', async () => {
    const { workers, report } = shareBetween(2);
    const [one, other] = workers.map(({ exchange }) => limiterOf(exchange, 4));
    const responses = await openResponses(5);
    const [first, ...rest] = responses as [ServerResponse, ...ServerResponse[]];
    expect(one?.tryAcquire('bob', first)).toBe(true);
    for (const response of rest.slice(0, 1)) expect(one?.tryAcquire('bob', response)).toBe(true);
    for (const response of rest.slice(1, 3)) expect(other?.tryAcquire('bob', response)).toBe(true);
    report();
    const last = rest[3] as ServerResponse;
    expect(other?.tryAcquire('bob', last)).toBe(false);
    first.end();
    await once(first, 'close');
    report();
    expect(other?.tryAcquire('bob', last)).toBe(true);
    for (const response of responses) response.end();
  });

  test('by a user elsewhere, as last reported, leaves them an equal part of the maximum at each worker', async () => {
    const { workers, report } = shareBetween(2);
    const [one, other] = workers.map(({ exchange }) => limiterOf(exchange, 4));
    const responses = await openResponses(8);
    for (const response of responses.slice(0, 4)) expect(one?.tryAcquire('bob', response)).toBe(true);
    report();
    const granted = responses.slice(4).map((response) => other?.tryAcquire('bob', response));
    expect(granted).toEqual([true, true, false, false]);
    for (const response of responses) response.end();
  });

  test.for([
    { count: 8, max: 12, pool: 32, here: 4 },
    { count: 2, max: 12, pool: 8, here: 6 },
    { count: 2, max: 12, pool: 1000, here: 12 },
  ])(
    'by one user with a maximum of $max at one of $count workers, with $pool connections, is at most $here',
    async ({ count, max, pool, here }) => {
      const { workers } = shareBetween(count);
      const limiter = workers[0] && limiterOf(workers[0].exchange, max, pool);
      const responses = await openResponses(max + 1);
      const granted = responses.filter((response) => limiter?.tryAcquire('bob', response));
      expect(granted).toHaveLength(here);
      for (const response of responses) response.end();
    },
  );
});

const limiterOf = (exchange: ShareExchange, max: number, pool?: number): ConcurrencyLimiter =>
  new ConcurrencyLimiter(max, exchange.held('requests', max), pool);

/** Responses to requests that are in progress. */
async function openResponses(count: number): Promise<ServerResponse[]> {
  const responses: ServerResponse[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer((_incoming, outgoing) => {
    responses.push(outgoing);
    if (responses.length < count) return;
    server.close();
    resolve();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let i = 0; i < count; i += 1) void fetch(url).then((response) => response.text());
  await promise;
  return responses;
}
