import { expect } from 'vitest';
import { RedisUnavailable } from '../../../src/redis/client.ts';
import { startRedisRelay } from '../../support/redis-relay.ts';
import { until } from '../../support/until.ts';
import { type Watched, watchedTest } from './watched.ts';

/** More than the second until the next check, and the time to connect again. */
const NOTICED_WITHIN_MS = 5000;

const read = ({ store }: Watched): Promise<string | null> =>
  store.runFor('key', (client) => client.get('key'));

/** A store whose only way to Redis is a relay. */
const test = watchedTest.extend('scene', async ({ redis, command, watch }, { onCleanup }) => {
  const relay = await startRedisRelay(redis.tcpUrl ?? '');
  const watched = watch({}, relay.url);
  await watched.store.whenReady(30_000);
  await watched.store.runFor('key', (client) => client.set('key', 'value'));
  const promote = async (): Promise<void> => {
    await command('REPLICAOF', 'NO', 'ONE');
    relay.refuseNew(false);
  };
  onCleanup(async () => {
    await promote();
    await relay.close();
  });
  const isUnavailable = (): Promise<boolean> =>
    read(watched).then(
      () => false,
      (fault) => fault instanceof RedisUnavailable,
    );
  return {
    watched,
    /** Makes the server a replica while no new connection can be opened, and waits until that is noticed. */
    demote: async (): Promise<void> => {
      relay.refuseNew(true);
      await command('REPLICAOF', '127.0.0.1', '1');
      await until(isUnavailable, NOTICED_WITHIN_MS);
    },
    promote,
  };
});

test('a server that becomes a replica is no longer read from, although no new connection can be opened', async ({
  scene: { watched, demote },
}) => {
  await demote();
  await expect(read(watched)).rejects.toThrow(RedisUnavailable);
  expect(watched.store.ready).toBe(false);
});

test('when its address leads to a primary again, that is used without a restart', async ({
  scene: { watched, demote, promote },
}) => {
  await demote();
  await promote();
  await watched.store.whenReady(30_000);
  expect(await read(watched)).toBe('value');
});
