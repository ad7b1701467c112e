import { pino } from 'pino';
import { test as base, expect } from 'vitest';
import { RedisLink } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis({ tcp: true });
    onCleanup(() => redis.stop());
    const admin = new RedisLink({ url: redis.url, deadlineMs: 900, log: pino({ level: 'silent' }) });
    await admin.whenReady(30_000);
    await admin.run((client) => client.aclSetUser('gateway', ['on', '>right-password', '~*', '+@all']));
    admin.close();
    return redis;
  })
  .extend('log', (): string[] => [])
  /** A connection with a username and password. */
  .extend('linkAs', ({ redis, log }, { onCleanup }) => {
    const open: RedisLink[] = [];
    onCleanup(() => {
      for (const link of open) link.close();
    });
    return (userinfo: string): RedisLink => {
      const url = `redis://${userinfo}${new URL(redis.tcpUrl ?? '').host}`;
      const link = new RedisLink({
        url,
        deadlineMs: 900,
        log: pino({ level: 'info' }, { write: (line) => log.push(line) }),
      });
      open.push(link);
      return link;
    };
  });

const events = (log: string[]): unknown[] => log.map((line) => JSON.parse(line).event);

test.for(['gateway:hunter2-hunter2@', 'nobody:hunter2-hunter2@'])(
  'a wrong Redis password or username is called that in the log and in the error, and not repeated (%s)',
  async (userinfo, { log, linkAs }) => {
    const link = linkAs(userinfo);
    await until(() => events(log).includes('redis_login_refused'));
    await expect(link.whenReady(0)).rejects.toMatchObject({
      code: 'redis_unavailable',
      message: expect.stringMatching(/: Redis rejects the username or password$/),
    });
    expect(log.join('')).toContain('Redis rejects the username or password');
    expect(log.join('')).not.toContain('hunter2');
  },
);

test('a password for a Redis without one is called that', async ({ log, linkAs }) => {
  const link = linkAs(':hunter2-hunter2@');
  await until(() => events(log).includes('redis_login_refused'));
  await expect(link.whenReady(0)).rejects.toMatchObject({
    message: expect.stringMatching(/: Redis has no password for this user|: Redis rejects the username/),
  });
});

test('a missing Redis password is called that in the log and in the error of a command', async ({
  redis,
  log,
  linkAs,
}) => {
  const admin = linkAs('gateway:right-password@');
  await admin.whenReady(30_000);
  await admin.run((client) => client.configSet('requirepass', 'right-password'));
  log.length = 0;
  const link = linkAs('');
  await link.whenReady(30_000);
  await expect(link.run((client) => client.get('a'))).rejects.toMatchObject({
    message: 'Redis requires a password',
  });
  expect(events(log)).toContain('redis_login_refused');
  expect(redis.pid).toBeGreaterThan(0);
});
