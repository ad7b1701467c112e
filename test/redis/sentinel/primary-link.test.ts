import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { test as base, expect } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { RedisLink } from '../../../src/redis/connection.ts';
import { openPrimaryLink } from '../../../src/redis/sentinel/open.ts';
import type { PrimaryLink } from '../../../src/redis/sentinel/primary-link.ts';
import { type FakeSentinel, startFakeSentinel } from '../../support/fake-sentinel.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';

const LEASE_MS = 300;
const UNAVAILABLE = { code: 'redis_unavailable' };

/** `host:port` of a server that also listens on TCP. */
const addressOf = (server: TestRedis): string => new URL(server.tcpUrl ?? '').host;

const startServer = async ({}, { onCleanup }: { onCleanup(stop: () => Promise<void>): void }) => {
  const server = await startTestRedis({ tcp: true });
  onCleanup(() => server.stop());
  return server;
};

const test = base
  .extend('first', { scope: 'file' }, startServer)
  .extend('second', { scope: 'file' }, startServer)
  .extend('sentinels', async ({ first }, { onCleanup }): Promise<FakeSentinel[]> => {
    const sentinels = await Promise.all(['a', 'b', 'c'].map(startFakeSentinel));
    onCleanup(async () => void (await Promise.all(sentinels.map((sentinel) => sentinel.close()))));
    for (const sentinel of sentinels) sentinel.name(addressOf(first));
    return sentinels;
  })
  .extend('link', async ({ first, second, sentinels }, { onCleanup }): Promise<PrimaryLink> => {
    await write(first, 'first');
    await write(second, 'second');
    const link = openPrimaryLink(
      {
        redisUrl: 'redis://unused',
        redisSentinels: sentinels.map(({ address }) => address),
        redisSentinelName: 'mymaster',
        redisSentinelUsername: 'portcullis',
        redisSentinelPassword: 'p@ss:word/',
        redisSentinelLeaseMs: LEASE_MS,
      },
      {
        url: 'redis://unused',
        deadlineMs: 500,
        log: createLog('cli', 'silent'),
        connect: (options) => new RedisLink(options),
        isLeased: true,
      },
    );
    onCleanup(async () => link.close());
    await link.whenReady(30_000);
    return link;
  });

const write = (server: TestRedis, value: string) => command(server, 'SET', 'name', value);

async function command(server: TestRedis, ...words: string[]): Promise<void> {
  const client = createClient({ socket: { path: server.url.slice('unix://'.length), tls: false } });
  await client.connect();
  await client.sendCommand(words);
  client.destroy();
}

/** Reads until the reply comes from this server. A busy machine may let a lease end at any time. */
const readFrom = (link: PrimaryLink, server: string): Promise<void> =>
  until(async () => (await nameAt(link).catch(() => undefined)) === server);

const nameAt = (link: PrimaryLink): Promise<string | null> => link.run((client) => client.get('name'));

test('one of three Sentinels may hang', async ({ link, sentinels }) => {
  sentinels[0]?.hang();
  await delay(2 * LEASE_MS);
  await readFrom(link, 'first');
});

test('without a majority of the Sentinels no command is sent, and with it service resumes', async ({
  link,
  first,
  sentinels,
}) => {
  for (const sentinel of sentinels.slice(1)) sentinel.hang();
  await until(() => !link.ready);
  const commands = await first.commandsDuring(async () => {
    await expect(nameAt(link)).rejects.toMatchObject(UNAVAILABLE);
    await expect(link.ping()).rejects.toMatchObject(UNAVAILABLE);
    await expect(link.publish('channel', 'message')).rejects.toMatchObject(UNAVAILABLE);
  });
  expect(commands).toEqual([]);
  sentinels[1]?.name(addressOf(first));
  await readFrom(link, 'first');
});

test('one Sentinel that names another server changes nothing', async ({ link, second, sentinels }) => {
  sentinels[0]?.announce(addressOf(second), 9);
  await delay(2 * LEASE_MS);
  await readFrom(link, 'first');
});

test('a new primary is used a lease after a majority named it, and not before', async ({
  link,
  second,
  sentinels,
}) => {
  const namedMs = performance.now();
  for (const sentinel of sentinels.slice(1)) sentinel.announce(addressOf(second), 1);
  await readFrom(link, 'second');
  expect(performance.now() - namedMs).toBeGreaterThanOrEqual(LEASE_MS);
});

test('a command that the former primary has not answered is rejected when a majority names another one', async ({
  link,
  second,
  sentinels,
}) => {
  const pending = link.run((client) => client.sendCommand(['BLPOP', 'nothing', '0']));
  // At the deadline it would be another message.
  const rejected = expect(pending).rejects.toMatchObject({ message: 'a Redis command failed' });
  for (const sentinel of sentinels) sentinel.announce(addressOf(second), 1);
  await rejected;
});

test('a replica that the Sentinels name is not used', async ({ link, first, second, sentinels }) => {
  const [host = '', port = ''] = addressOf(first).split(':');
  await command(second, 'REPLICAOF', host, port);
  for (const sentinel of sentinels) sentinel.announce(addressOf(second), 1);
  await until(() => !link.ready);
  await expect(link.whenReady(2 * LEASE_MS)).rejects.toMatchObject(UNAVAILABLE);
  await command(second, 'REPLICAOF', 'NO', 'ONE');
  await link.whenReady(30_000);
});

test('listeners hear of the connection to each primary', async ({ link, second, sentinels }) => {
  let heard = 0;
  link.onReady(() => {
    heard += 1;
  });
  await until(() => heard === 1);
  for (const sentinel of sentinels) sentinel.announce(addressOf(second), 1);
  await until(() => heard === 2);
});

test('the Sentinels receive the credentials for Sentinels only', async ({ link, sentinels }) => {
  await readFrom(link, 'first');
  for (const { logins } of sentinels) expect(new Set(logins)).toEqual(new Set(['portcullis:p@ss:word/']));
});
