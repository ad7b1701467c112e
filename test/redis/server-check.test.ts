import { pino } from 'pino';
import { test as base, expect } from 'vitest';
import { RedisLink } from '../../src/redis/connection.ts';
import { checkServerOnce } from '../../src/redis/server-check.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

type Line = Record<string, unknown> & { event: string };

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis({ tcp: true, persist: true });
    onCleanup(() => redis.stop());
    return redis;
  })
  /** A connection of the test's own, and of a server whose settings are as in production. */
  .extend('admin', async ({ redis }, { onCleanup }): Promise<RedisLink> => {
    const admin = new RedisLink({ url: redis.url, deadlineMs: 900, log: pino({ level: 'silent' }) });
    onCleanup(() => admin.close());
    await admin.whenReady(30_000);
    await admin.run((client) => client.configSet({ 'maxmemory-policy': 'noeviction', appendonly: 'yes' }));
    return admin;
  })
  /** The log after a check of the server at the URL is complete: its line of the connection, and the warnings. */
  .extend('linesOf', ({ redis }, { onCleanup }) => async (url = redis.url): Promise<Line[]> => {
    const lines: Line[] = [];
    const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
    const link = new RedisLink({ url, deadlineMs: 900, log });
    onCleanup(() => link.close());
    checkServerOnce(link, log);
    await link.whenReady(30_000);
    // Replies arrive in order, so the one to the check has arrived before this one.
    await link.run((client) => client.ping());
    await until(() => lines.length > 0);
    return lines.filter(({ event }) => event !== 'redis_connected');
  });

test('a server that neither evicts nor forgets is not warned of', async ({ admin: _set, linesOf }) => {
  expect(await linesOf()).toEqual([]);
});

test.for(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])(
  'the eviction policy %s is warned of at the start',
  async (policy, { admin, linesOf }) => {
    await admin.run((client) => client.configSet('maxmemory-policy', policy));
    expect(await linesOf()).toEqual([expect.objectContaining({ level: 40, event: 'redis_evicts', policy })]);
  },
);

test('an append-only file that is off is warned of at the start', async ({ admin, linesOf }) => {
  await admin.run((client) => client.configSet('appendonly', 'no'));
  expect(await linesOf()).toEqual([expect.objectContaining({ level: 40, event: 'redis_not_durable' })]);
});

test('if the user may not ask, the log says that it could not be checked, and the connection stays', async ({
  redis,
  admin,
  linesOf,
}) => {
  await admin.run((client) => client.aclSetUser('modest', ['on', '>secret', '~*', '+@all', '-@dangerous']));
  const lines = await linesOf(`redis://modest:secret@${new URL(redis.tcpUrl ?? '').host}`);
  expect(lines).toEqual([expect.objectContaining({ level: 30, event: 'redis_not_checked' })]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
