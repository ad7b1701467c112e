import { Agent, createServer, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startBank } from '../../src/bank/server.ts';
import { drainable, listen } from '../../src/http/server.ts';
import { createLog } from '../../src/log.ts';
import { RawConnection, rawRequest } from '../support/raw-http.ts';
import { until } from '../support/until.ts';
import { bankTest } from './bank-under-test.ts';

/** Longer than a test. The tests fail if it is used up. */
const GRACE_MS = 60_000;

/** A server that responds when the test says so, or after `afterMs`. */
async function startDrainable(afterMs?: number) {
  const waiting: (() => void)[] = [];
  let received = 0;
  const server = createServer((incoming, outgoing) => {
    received += 1;
    incoming.resume();
    if (afterMs === undefined) waiting.push(() => outgoing.end('{}'));
    else setTimeout(() => outgoing.end('{}'), afterMs);
  });
  const drain = drainable(server);
  const url = await listen(server, '127.0.0.1', 0);
  return { url, drain, waiting, received: () => received };
}

describe('a server of the bank that stops', () => {
  test('loses none of the requests on 32 busy connections, which are POST', async () => {
    const { url, drain, received } = await startDrainable(5);
    const lost: string[] = [];
    const send = (agent: Agent): Promise<void> =>
      new Promise((resolve) => {
        const sent = request(url, { agent, method: 'POST' }, (response) => {
          response.resume().on('end', () => resolve(send(agent)));
        });
        sent.on('error', ({ code }: NodeJS.ErrnoException) => {
          if (code !== 'ECONNREFUSED') lost.push(`${code}`);
          resolve();
        });
        sent.end('{"amount":1}');
      });
    const load = Promise.all(
      Array.from({ length: 32 }, () => send(new Agent({ keepAlive: true, maxSockets: 1 }))),
    );
    await until(() => received() > 200);
    await drain(GRACE_MS);
    await load;
    expect(lost).toEqual([]);
  });

  test('completes a request in progress and closes its connection', async () => {
    const { url, drain, waiting } = await startDrainable();
    const connection = new RawConnection(url).send(rawRequest('GET /'));
    await until(() => waiting.length === 1);
    const drained = drain(GRACE_MS);
    waiting[0]?.();
    const { status, headers } = await connection.response();
    expect([status, headers.connection]).toEqual([200, ['close']]);
    await drained;
  });

  test('still responds on a connection that was idle, and closes it then', async () => {
    const { url, drain, waiting } = await startDrainable();
    const connection = new RawConnection(url).send(rawRequest('GET /'));
    await until(() => waiting.length === 1);
    waiting[0]?.();
    expect((await connection.response()).headers.connection).toEqual(['keep-alive']);
    const drained = drain(GRACE_MS);
    connection.send(rawRequest('GET /'));
    await until(() => waiting.length === 2);
    waiting[1]?.();
    expect((await connection.response()).headers.connection).toEqual(['close']);
    await drained;
  });

  test('closes what is open after the grace period', async () => {
    const { url, drain, waiting } = await startDrainable();
    const connection = new RawConnection(url).send(rawRequest('GET /'));
    await until(() => waiting.length === 1);
    await drain(50);
    await connection.untilClosed();
  });
});

bankTest()('the bank is not ready, and still live, while it waits to stop', async ({ bank }) => {
  const settings = { ...bank.settings, bankPort: 0, shutdownSettleMs: 3000 };
  const stopping = await startBank({ settings, log: createLog('bank', 'silent') });
  await until(async () => (await fetch(`${stopping.url}/readyz`)).status === 200);
  const closed = stopping.close();
  const response = await fetch(`${stopping.url}/readyz`);
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'stopping' }]);
  expect((await fetch(`${stopping.url}/livez`)).status).toBe(200);
  await closed;
});
