import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { startRedisReplicas } from '../../support/redis-replicas.ts';
import { until } from '../../support/until.ts';
import { type Watched, watchedTest } from './watched.ts';

/** A change shows within this time: a second until the next reading, and as much again on a busy machine. */
const SHOWS_WITHIN_MS = 2000;

const test = watchedTest.extend('ready', async ({ watch }): Promise<Watched> => {
  const watched = watch();
  await watched.store.whenReady(30_000);
  expect(watched.codes()).toEqual([]);
  return watched;
});

/** Asserts that a fault shows in time after `cause`, and that it is gone in time after `cure`. */
async function expectFault(
  { codes, lines }: Watched,
  code: string,
  cause: () => Promise<unknown>,
  cure: () => Promise<unknown>,
): Promise<void> {
  try {
    await cause();
    await until(() => codes().includes(code), SHOWS_WITHIN_MS);
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, event: code }));
  } finally {
    await cure();
  }
  await until(() => codes().length === 0, SHOWS_WITHIN_MS);
  expect(lines.at(-1)).toMatchObject({ event: 'redis_fault_gone', fault: code });
}

describe('within two seconds the process is not ready, by name, and then ready again', () => {
  test('when Redis is full', async ({ ready, command }) => {
    const set = (maxmemory: string) => () => command('CONFIG', 'SET', 'maxmemory', maxmemory);
    await expectFault(ready, 'redis_full', set('1'), set('0'));
  });

  test('when Redis cannot write its data to disk', async ({ redis, ready, command }) => {
    const inTheWay = join(dirname(redis.url.slice('unix://'.length)), 'dump.rdb');
    const fail = async (): Promise<void> => {
      await command('CONFIG', 'SET', 'save', '3600 1000000');
      await mkdir(inTheWay);
      await command('BGSAVE');
    };
    const cure = async (): Promise<void> => {
      await command('CONFIG', 'SET', 'save', '');
      await rmdir(inTheWay);
    };
    await expectFault(ready, 'redis_disk_failed', fail, cure);
  });

  test('when too few replicas keep up', async ({ ready, command }) => {
    const set = (count: string) => () => command('CONFIG', 'SET', 'min-replicas-to-write', count);
    await expectFault(ready, 'redis_replicas_missing', set('1'), set('0'));
  });
});

describe('the clock', () => {
  test.for([
    ['ahead of', -6000],
    ['behind', 6000],
  ] as const)(
    'of Redis %s that of the process makes it unready, by name',
    async ([word, offMs], { watch }) => {
      const watched = watch({ now: () => Date.now() + offMs });
      await watched.store.whenReady(30_000);
      expect(watched.codes()).toEqual(['redis_clock_differs']);
      expect(watched.monitor.faults[0]?.message).toContain(`ms ${word} the clock of this process`);
    },
  );

  test('may differ by REDIS_CLOCK_DIFFERENCE_MAX_MS', async ({ watch }) => {
    const watched = watch({ now: () => Date.now() + 6000, redisClockDifferenceMaxMs: 10_000 });
    await watched.store.whenReady(30_000);
    expect(watched.codes()).toEqual([]);
    expect(watched.monitor.servers[0]?.clockAheadMs).toBeLessThan(-5000);
  });
});

test('a state has the ids, memory and durability of the server, and no password', async ({
  redis,
  ready,
}) => {
  const [state] = ready.monitor.servers;
  expect(state).toMatchObject({
    address: redis.url.slice('unix://'.length),
    isConnected: true,
    hello: { mode: 'standalone', role: 'master' },
    info: {
      role: 'primary',
      memoryMaxBytes: 0,
      evictionPolicy: 'noeviction',
      appendOnly: true,
      isLoading: false,
    },
    appendFsync: 'everysec',
    faults: [],
  });
  expect(state?.info?.runId).toMatch(/^[0-9a-f]{40}$/);
  expect(state?.info?.replicationId).toMatch(/^[0-9a-f]{40}$/);
  expect(state?.info?.memoryUsedBytes).toBeGreaterThan(100_000);
});

test('a state has each replica and how far it is behind, and a server that restarts has another run id', async ({
  watch,
}) => {
  const replicas = await startRedisReplicas({ replicas: 1, sentinels: 1 });
  try {
    const [primary] = replicas.servers;
    const { store, monitor } = watch({}, primary?.url);
    await store.whenReady(30_000);
    const online = () => monitor.servers[0]?.info?.replicas.some(({ state }) => state === 'online') ?? false;
    await until(online);
    expect(monitor.servers[0]?.info?.replicas).toMatchObject([
      { address: replicas.servers[1]?.address, behindBytes: expect.any(Number) },
    ]);
    const runId = monitor.servers[0]?.info?.runId;
    await primary?.kill();
    await until(() => monitor.faults.some(({ code }) => code === 'redis_unreachable'), SHOWS_WITHIN_MS);
    await primary?.start();
    await until(() => monitor.faults.length === 0);
    expect(monitor.servers[0]?.info?.runId).not.toBe(runId);
  } finally {
    await replicas.stop();
  }
});

test('a server that is closed is no longer in the states', async ({ ready }) => {
  ready.store.close();
  expect(ready.monitor.servers).toEqual([]);
  expect(ready.monitor.faults).toEqual([]);
});
