import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type RedisClient, RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const DEADLINE_MS = 100;

let redis: TestRedis;
let link: RedisLink;
const connections: RedisClient[] = [];
beforeAll(async () => {
  redis = await startTestRedis();
  link = new RedisLink({ url: redis.url, deadlineMs: DEADLINE_MS, log: createLog('cli', 'silent') });
  link.onReady((client) => connections.push(client));
  await link.whenReady(3000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

test('a reply that has arrived is used although the process was too busy to read it before the deadline', async () => {
  const before = connections.length;
  const reply = link.run((client) => client.ping());
  await new Promise(setImmediate);
  const untilMs = performance.now() + 2 * DEADLINE_MS;
  while (performance.now() < untilMs);
  expect(await reply).toBe('PONG');
  expect(connections.length).toBe(before);
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
  let reads = 0;
  const untilMs = performance.now() + 500;
  while (performance.now() < untilMs) {
    const write = link.run((client) => client.set('key', 'other'));
    const read = link.run((client) => client.get('key'));
    await expect(write).rejects.toThrow(RedisUnavailable);
    expect(await read).toBe('value');
    reads += 1;
  }
  expect(reads).toBeGreaterThan(20);
  expect(connections.length - before).toBeGreaterThanOrEqual(2);
  expect(connections.length - before).toBeLessThanOrEqual(3);
  await link.run((client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE']));
  await link.run((client) => client.set('key', 'other'));
});

test('a replaced connection is eventually closed', async () => {
  const clients = (await link.run((client) => client.sendCommand(['CLIENT', 'LIST']))) as string;
  await new Promise((resolve) => setTimeout(resolve, 2 * DEADLINE_MS));
  const later = (await link.run((client) => client.sendCommand(['CLIENT', 'LIST']))) as string;
  expect(later.trim().split('\n').length).toBeLessThanOrEqual(clients.trim().split('\n').length);
  expect(later.trim().split('\n')).toHaveLength(1);
});

test('a link closed while it connects leaves no connection behind', async () => {
  for (let i = 0; i < 20; i += 1) {
    const brief = new RedisLink({ url: redis.url, deadlineMs: DEADLINE_MS, log: createLog('cli', 'silent') });
    if (i % 2 === 0) await new Promise(setImmediate);
    brief.close();
  }
  await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS));
  const clients = (await link.run((client) => client.sendCommand(['CLIENT', 'LIST']))) as string;
  expect(clients.trim().split('\n')).toHaveLength(1);
});
