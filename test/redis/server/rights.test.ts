import { describe, expect } from 'vitest';
import { BANK_RIGHTS } from '../../../src/bank/redis-rights.ts';
import { GATEWAY_RIGHTS } from '../../../src/gateway/resources/redis-rights.ts';
import '../../../src/gateway/server.ts';
import '../../../src/bank/server.ts';
import type { RedisLink } from '../../../src/redis/connection.ts';
import { commandsOf, deniedRights, type RedisRights } from '../../../src/redis/server/rights.ts';
import { ALL_RIGHTS, linkOfUser, redisUrlFor, setRedisUser } from '../../support/redis-users.ts';
import { until } from '../../support/until.ts';
import { watchedTest } from './watched.ts';

const test = watchedTest.extend(
  'linkOf',
  ({ redis }, { onCleanup }) =>
    async (name: string): Promise<RedisLink> => {
      const link = await linkOfUser(redis, name);
      onCleanup(() => link.close());
      return link;
    },
);

const PROCESSES: [string, RedisRights][] = [
  ['gateway', GATEWAY_RIGHTS],
  ['bank', BANK_RIGHTS],
];

describe.for(PROCESSES)('the rights of the %s', ([name, rights]) => {
  test('are complete for a user without restrictions', async ({ admin, linkOf }) => {
    await setRedisUser(admin, name, ALL_RIGHTS);
    const link = await linkOf(name);
    expect(await link.run((client) => deniedRights(client, rights))).toEqual([]);
  });

  test('each denied command is named', async ({ admin, linkOf }) => {
    await setRedisUser(admin, name, ALL_RIGHTS);
    const link = await linkOf(name);
    const commands = commandsOf(rights);
    expect(commands.length).toBeGreaterThan(15);
    for (const command of commands) {
      await setRedisUser(admin, name, [...ALL_RIGHTS, `-${command.replace(' ', '|')}`.toLowerCase()]);
      const denied = await link.run((client) => deniedRights(client, rights));
      expect([command, denied.includes(command)]).toEqual([command, true]);
    }
  });

  test('each denied kind of key is named', async ({ admin, linkOf }) => {
    await setRedisUser(admin, name, [...ALL_RIGHTS, 'resetkeys']);
    const link = await linkOf(name);
    const denied = await link.run((client) => deniedRights(client, rights));
    expect(denied.filter((right) => right.startsWith('the key '))).toEqual(
      rights.keys.map((key) => `the key ${key}`),
    );
  });

  test('each denied channel is named', async ({ admin, linkOf }) => {
    await setRedisUser(admin, name, [...ALL_RIGHTS, 'resetchannels']);
    const link = await linkOf(name);
    expect(await link.run((client) => deniedRights(client, rights))).toEqual([
      ...rights.publishes.map((channel) => `PUBLISH to ${channel}`),
      ...rights.subscribesTo.map((channel) => `SUBSCRIBE to ${channel}`),
    ]);
  });
});

test('a user without rights to a channel makes the process unready, by name, until they are granted', async ({
  redis,
  admin,
  watch,
}) => {
  await setRedisUser(admin, 'gate', [
    ...ALL_RIGHTS,
    'resetchannels',
    '&key-ring',
    '&{audit}:operator-records',
  ]);
  const watched = watch({ rights: GATEWAY_RIGHTS }, redisUrlFor(redis, 'gate'));
  await watched.store.whenReady(30_000);
  expect(watched.monitor.faults).toMatchObject([{ code: 'redis_acl_insufficient', effect: 'not-ready' }]);
  expect(watched.monitor.faults[0]?.message).toContain(
    'may not use PUBLISH to revocations, SUBSCRIBE to revocations:',
  );
  expect(watched.lines).toContainEqual(
    expect.objectContaining({ level: 50, event: 'redis_acl_insufficient' }),
  );
  await setRedisUser(admin, 'gate', ALL_RIGHTS);
  await until(() => watched.codes().length === 0, 2000);
});

test('a user who may not run scripts makes the process unready, by name', async ({ redis, admin, watch }) => {
  await setRedisUser(admin, 'gate', [...ALL_RIGHTS, '-@scripting']);
  const watched = watch({ rights: GATEWAY_RIGHTS }, redisUrlFor(redis, 'gate'));
  await watched.store.whenReady(30_000);
  expect(watched.monitor.faults[0]?.message).toContain('may not use EVAL_RO');
});
