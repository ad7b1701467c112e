import { Agent } from 'node:http';
import { describe, expect } from 'vitest';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer } from '../support/gateway.ts';
import { sendPlain } from '../support/plain-request.ts';
import { isAlive } from '../support/processes.ts';
import { type Scrape, scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';
import { startWorkerGateway, type WorkerGateway } from '../support/worker-gateway.ts';

const BURST = 100;
const STREAMS = 20;

const test = gatewayTest().extend(
  'workers',
  { scope: 'file' },
  async ({ gateway, upstream }, { onCleanup }): Promise<WorkerGateway> => {
    const workers = await startWorkerGateway(gateway, {
      BANK_URL: upstream.url,
      REQUESTS_PER_USER_PER_SECOND: '1',
      REQUESTS_PER_USER_BURST: `${BURST}`,
      BANK_STREAMS_PER_USER_MAX: `${STREAMS}`,
      SHUTDOWN_GRACE_MS: '10000',
    });
    onCleanup(async () => {
      workers.signal('SIGTERM');
      await workers.ended;
    });
    return workers;
  },
);

const GRANTED = 'portcullis_requests_granted_total{route="upstream"}';
const PUBLIC = '/auth/password-rules';

/** Sends requests on connections that are kept alive, until it is stopped. */
function startLoad(url: string, connections: number) {
  let isStopped = false;
  const load = { sent: 0, failed: [] as string[] };
  const connection = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isStopped) {
      load.sent += 1;
      await sendPlain(url, { method: 'GET', target: PUBLIC, agent }).then(
        ({ status }) => status === 200 || load.failed.push(`${status}`),
        ({ message }: Error) => load.failed.push(message),
      );
    }
    agent.destroy();
  };
  const ended = Promise.all(Array.from({ length: connections }, connection));
  return Object.assign(load, {
    stop: async (): Promise<void> => {
      isStopped = true;
      await ended;
    },
  });
}

/** Sends requests of bob on a connection until one is refused. Returns how many were granted, and the refusal's body. */
async function sendUntilRefused(url: string, agent: Agent, token: string) {
  for (let granted = 0; ; granted += 1) {
    const { status, body } = await sendPlain(url, {
      method: 'GET',
      target: '/bank/accounts',
      headers: bearer(token),
      agent,
    });
    if (status !== 200) return { granted, status, code: (JSON.parse(body) as { code: string }).code };
  }
}

describe('a gateway with two workers', () => {
  test('is ready as a whole, and names each worker with its reasons', async ({ workers }) => {
    const response = await fetch(`${workers.healthUrl}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: 'ready',
      ready: 2,
      required: 1,
      workers: [
        { worker: 1, status: 'ready', parts: { redis: { state: 'ready' } } },
        { worker: 2, status: 'ready', parts: { redis: { state: 'ready' } } },
      ],
    });
  });

  test('limits the rate of a user over all of them, and says the sum of their metrics', async ({
    workers,
    gateway,
  }) => {
    const token = await gateway.login('bob');
    const startedMs = performance.now();
    const before = await scrape(workers.healthUrl);
    const [one, other] = (await workers.connectToEach(2)) as [Agent, Agent];
    const atOne = await sendUntilRefused(workers.url, one, token);
    const atOther = await sendUntilRefused(workers.url, other, token);
    let more = 0;
    for (const agent of [one, other, one, other])
      more += (await sendUntilRefused(workers.url, agent, token)).granted;
    const refilled = (performance.now() - startedMs) / 1000;
    one.destroy();
    other.destroy();

    expect([atOne, atOther]).toMatchObject([
      { status: 429, code: 'rate_limited' },
      { status: 429, code: 'rate_limited' },
    ]);
    const granted = atOne.granted + atOther.granted + more;
    expect(granted).toBeGreaterThanOrEqual(BURST);
    // Each worker alone would have granted the whole burst.
    expect(granted).toBeLessThan(1.5 * BURST + refilled);
    const after = await scrape(workers.healthUrl);
    expect(after.of(GRANTED) - before.of(GRANTED)).toBe(granted);
    expect(after.of('portcullis_workers')).toBe(2);
    expect(after.of('portcullis_redis_connected')).toBe(1);
  });

  test('limits the streams of a user over all of them', async ({ workers, gateway, upstream }) => {
    upstream.respondWith((incoming, outgoing) => {
      if (incoming.headers.accept !== 'text/event-stream') return void outgoing.end('{}');
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write(': open\n\n');
    });
    const headers = { ...bearer(await gateway.login('alice')), accept: 'text/event-stream' };
    const open: AbortController[] = [];
    const openStream = async (): Promise<number> => {
      const closing = new AbortController();
      const response = await fetch(`${workers.url}/bank/accounts/1/stream`, {
        headers: { ...headers, connection: 'close' },
        signal: closing.signal,
      });
      if (response.status === 200) open.push(closing);
      else await response.body?.cancel();
      return response.status;
    };
    await until(async () => {
      await openStream();
      return open.length >= STREAMS;
    });
    let refusedInARow = 0;
    // Each worker opens an equal part of the maximum whatever the other has. Until both have as many, there are a few too
    // many, and the oldest are closed. Each worker alone would open streams forever, because connections come to both.
    await until(async () => {
      refusedInARow = (await openStream()) === 429 ? refusedInARow + 1 : 0;
      while (open.length > STREAMS) open.shift()?.abort();
      return refusedInARow === 10;
    });

    for (const closing of open) closing.abort();
    await until(async () => (await openStream()) === 200);
    for (const closing of open) closing.abort();
  });

  test('replaces a worker that was killed, while the other one serves and no counter goes back', async ({
    workers,
  }) => {
    const pids = await workers.pids();
    const before = await scrape(workers.healthUrl);
    const load = startLoad(workers.url, 8);
    await until(() => load.sent > 50);
    process.kill(pids.get(1) ?? 0, 'SIGKILL');
    await until(async () => {
      const now = await workers.pids();
      return now.size === 2 && now.get(1) !== pids.get(1);
    });
    expect((await workers.pids()).get(2)).toBe(pids.get(2));
    expect(workers.log).toContainEqual(
      expect.objectContaining({ event: 'worker_ended', of: 1, signal: 'SIGKILL' }),
    );
    await load.stop();
    // Only requests on the connections of the killed worker are lost.
    expect(load.failed.length).toBeLessThanOrEqual(8);
    const after = await scrape(workers.healthUrl);
    expect(decreased(before, after)).toEqual([]);
    expect(after.of('portcullis_worker_crashes_total')).toBe(1);
  });

  test('fails no request while SIGHUP replaces all workers, and no counter goes back', async ({
    workers,
  }) => {
    const pids = await workers.pids();
    const load = startLoad(workers.url, 16);
    await until(() => load.sent > 50);
    const before = await scrape(workers.healthUrl);
    workers.signal('SIGHUP');
    await until(() => workers.log.some(({ event }) => event === 'restart_done'));
    await load.stop();
    expect(load.failed).toEqual([]);
    const now = await workers.pids();
    expect([...now.keys()].sort()).toEqual([1, 2]);
    for (const pid of pids.values()) {
      expect([...now.values()]).not.toContain(pid);
      expect(isAlive(pid)).toBe(false);
    }
    expect(decreased(before, await scrape(workers.healthUrl))).toEqual([]);
  });
});

/** The counters and buckets that have less than before. */
function decreased(before: Scrape, after: Scrape): string[] {
  const counters = before.text.split('\n').filter((line) => /(_total|_count|_sum|_bucket)[{ ]/.test(line));
  return counters
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .filter((series) => after.of(series) < before.of(series));
}
