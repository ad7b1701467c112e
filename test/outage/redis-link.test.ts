import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type RedisClient, RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startRedisRelay } from '../support/redis-relay.ts';
import { until } from '../support/until.ts';

const DEADLINE_MS = 100;

let redis: TestRedis;
let link: RedisLink;
const connections: RedisClient[] = [];
beforeAll(async () => {
  redis = await startTestRedis({ tcp: true });
  link = new RedisLink({ url: redis.url, deadlineMs: DEADLINE_MS, log: createLog('cli', 'silent') });
  link.onReady((client) => connections.push(client));
  await link.whenReady(30_000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

async function anotherLink(url: string, deadlineMs: number) {
  const made: RedisClient[] = [];
  const busy = new RedisLink({ url, deadlineMs, log: createLog('cli', 'silent') });
  onTestFinished(() => busy.close());
  busy.onReady((client) => made.push(client));
  await busy.whenReady(30_000);
  return { made, busy };
}

const isPong = (reply: string): boolean => reply === 'PONG';

/** Keeps the event loop busy. */
function work(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

test('a reply that has arrived is used although the process was too busy to read it before the deadline', async () => {
  const before = connections.length;
  const reply = link.run((client) => client.ping());
  await new Promise(setImmediate);
  work(2 * DEADLINE_MS);
  expect(await reply).toBe('PONG');
  expect(connections.length).toBe(before);
});

test('a command is carried out although the process was too busy for longer than the deadline to pass it on', async () => {
  const relay = await startRedisRelay(redis.tcpUrl ?? '');
  onTestFinished(() => relay.close());
  const { made, busy } = await anotherLink(relay.url, DEADLINE_MS);
  const reply = busy.run((client) => client.ping());
  work(3 * DEADLINE_MS);
  expect(await reply).toBe('PONG');
  expect(made).toHaveLength(1);
});

test('a command that waits behind many replies does not cost the others the connection', async () => {
  const { made, busy } = await anotherLink(redis.url, 5 * DEADLINE_MS);
  await busy.run((client) =>
    client.rPush(
      'list',
      Array.from({ length: 1000 }, (_, n) => `element ${n}`),
    ),
  );
  const readAndWork = async (): Promise<void> => {
    await busy.run((client) => client.lRange('list', 0, -1));
    work(8);
  };
  const reads = await Promise.allSettled(Array.from({ length: 150 }, readAndWork));
  expect(reads.filter(({ status }) => status === 'rejected')).not.toEqual([]);
  const ping = () => busy.run((client) => client.ping());
  await until(() => ping().then(isPong, () => false));
  expect(made).toHaveLength(1);
});

test('a Redis that stops replying is given up at the deadline, although it replied just before', async () => {
  const before = connections.length;
  await link.run((client) => client.ping());
  redis.freeze();
  const startedMs = performance.now();
  await expect(link.run((client) => client.ping())).rejects.toThrow(RedisUnavailable);
  expect(performance.now() - startedMs).toBeLessThan(1000);
  expect(link.ready).toBe(false);
  redis.thaw();
  await link.whenReady(30_000);
  expect(connections.length).toBe(before + 1);
});

test('a command that cannot be sent is rejected, and the connection stays open', async () => {
  const before = connections.length;
  const wrong = link.run(() => {
    throw new TypeError('no such command');
  });
  await expect(wrong).rejects.toThrow(RedisUnavailable);
  await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE_MS));
  expect(await link.run((client) => client.ping())).toBe('PONG');
  expect(connections.length).toBe(before);
});

test('a server that has become a replica keeps serving reads while others are looked for', async () => {
  await link.run((client) => client.set('key', 'value'));
  await link.run((client) => client.sendCommand(['REPLICAOF', '127.0.0.1', '1']));
  const before = connections.length;
  const startedMs = performance.now();
  await until(async () => {
    const write = link.run((client) => client.set('key', 'other'));
    const read = link.run((client) => client.get('key'));
    await expect(write).rejects.toThrow(RedisUnavailable);
    expect(await read).toBe('value');
    return connections.length - before >= 2;
  });
  // Another one is looked for at most every 250 ms, however many writes are refused.
  expect(connections.length - before).toBeLessThanOrEqual(1 + (performance.now() - startedMs) / 250);
  await link.run((client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE']));
  await link.run((client) => client.set('key', 'other'));
});

/** How many connections the server has. */
const openConnections = async (): Promise<number> => {
  const clients = (await link.run((client) => client.sendCommand(['CLIENT', 'LIST']))) as string;
  return clients.trim().split('\n').length;
};

test('a replaced connection is eventually closed', async () => {
  await until(async () => (await openConnections()) === 1);
});

test('a link closed while it connects leaves no connection behind', async () => {
  for (let i = 0; i < 20; i += 1) {
    const brief = new RedisLink({ url: redis.url, deadlineMs: DEADLINE_MS, log: createLog('cli', 'silent') });
    if (i % 2 === 0) await new Promise(setImmediate);
    brief.close();
  }
  // Longer than connecting may take.
  await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE_MS));
  await until(async () => (await openConnections()) === 1);
});
