import { expect } from 'vitest';
import { createLog } from '../../src/log.ts';
import type { RedisClient } from '../../src/redis/connection.ts';
import { sessionsKey } from '../../src/redis/keys.ts';
import { Revocations } from '../../src/users/revocations/revocations.ts';
import { redisTest } from '../support/fixtures.ts';

const USER = 'u'.repeat(22);
const REVOCATION = { message: JSON.stringify({ user: USER, sessions: ['sid'] }), isWaitedFor: false };

/** `former` is a connection to a server that was met lately, and `current` one that revocations are made on. */
const test = redisTest
  .extend('revocations', ({}, { onCleanup }) => {
    const revocations = new Revocations({
      settings: {
        ...{ accessTokenTtlSeconds: 60, revocationJournalMax: 10 },
        ...{ revocationReplicas: 0, revocationAof: 'off', revocationTimeoutMs: 1000 },
      },
      log: createLog('gateway', 'silent'),
    });
    onCleanup(() => revocations.close());
    return revocations;
  })
  .extend('former', async ({ link, revocations }, { onCleanup }): Promise<RedisClient> => {
    const former = await connected(link.run(async (client) => ({ client })));
    onCleanup(() => {
      if (former.isOpen) former.destroy();
    });
    await revocations.admit(former);
    return former;
  })
  .extend('current', async ({ link }, { onCleanup }): Promise<RedisClient> => {
    const current = await connected(link.run(async (client) => ({ client })));
    onCleanup(() => current.destroy());
    return current;
  });

test('a revocation that a former server refuses is a failure of Redis', async ({
  link,
  revocations,
  former,
  current,
}) => {
  // The script refuses a key of another type.
  await link.run((client) => client.hSet(sessionsKey(USER), 'not', 'a string'));
  const added = revocations.add({ ...REVOCATION, client: current });
  const cause = { message: expect.stringContaining('WRONGTYPE') };
  await expect(added).rejects.toMatchObject({ code: 'redis_unavailable', cause });
  expect(former.isOpen).toBe(true);
  await link.run((client) => client.del(sessionsKey(USER)));
});

test('a revocation during which the connection to a former server is lost is a failure of Redis', async ({
  revocations,
  former,
  current,
}) => {
  const added = revocations.add({ ...REVOCATION, client: current });
  former.destroy();
  const cause = { message: 'Disconnects client' };
  await expect(added).rejects.toMatchObject({ code: 'redis_unavailable', cause });
});

async function connected(source: Promise<{ client: RedisClient }>): Promise<RedisClient> {
  const client = (await source).client.duplicate() as RedisClient;
  client.on('error', () => {});
  await client.connect();
  return client;
}
