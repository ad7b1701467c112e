import { expect } from 'vitest';
import { until } from '../../support/until.ts';
import { type Watched, watchedTest } from './watched.ts';

const test = watchedTest.extend('settings', ({ command }) => async (...settings: string[]): Promise<void> => {
  const sound = ['maxmemory-policy', 'noeviction', 'appendonly', 'yes', 'appendfsync', 'everysec'];
  await command('CONFIG', 'SET', ...sound);
  if (settings.length > 0) await command('CONFIG', 'SET', ...settings);
});

/** What is logged besides the connection. */
async function linesOf({ store, lines }: Watched): Promise<Watched['lines']> {
  await store.whenReady(30_000);
  return lines.filter(({ event }) => event !== 'redis_connected');
}

test('a server that neither evicts nor forgets is not warned of', async ({ settings, watch }) => {
  await settings();
  const watched = watch();
  expect(await linesOf(watched)).toEqual([]);
  expect(watched.codes()).toEqual([]);
});

test.for(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])(
  'outside production, the eviction policy %s is warned of, and the process is ready',
  async (policy, { settings, watch }) => {
    await settings('maxmemory-policy', policy);
    const watched = watch();
    expect(await linesOf(watched)).toMatchObject([{ level: 40, event: 'redis_evicts' }]);
    expect(watched.codes()).toEqual([]);
  },
);

test('in production, a server that may evict is an error by name, and the process is not ready', async ({
  settings,
  watch,
}) => {
  await settings('maxmemory-policy', 'allkeys-lru');
  const watched = watch({ nodeEnv: 'production' });
  const [line] = await linesOf(watched);
  expect(line).toMatchObject({ level: 50, event: 'redis_evicts' });
  expect(line?.msg).toContain('maxmemory-policy is allkeys-lru');
  expect(line?.msg).toContain('REDIS_EVICTION=allow');
  expect(watched.codes()).toEqual(['redis_evicts']);
});

test('in production, REDIS_EVICTION=allow makes it a warning', async ({ settings, watch }) => {
  await settings('maxmemory-policy', 'allkeys-lru');
  const watched = watch({ nodeEnv: 'production', redisEviction: 'allow' });
  expect(await linesOf(watched)).toMatchObject([{ level: 40, event: 'redis_evicts' }]);
  expect(watched.codes()).toEqual([]);
});

test('a policy that is corrected while the process runs makes it ready', async ({ settings, watch }) => {
  await settings('maxmemory-policy', 'allkeys-lru');
  const watched = watch({ nodeEnv: 'production' });
  await watched.store.whenReady(30_000);
  await settings();
  await until(() => watched.codes().length === 0, 2000);
  expect(watched.lines.at(-1)).toMatchObject({ event: 'redis_fault_gone', fault: 'redis_evicts' });
});

test('an append-only file that is off is warned of', async ({ settings, watch }) => {
  await settings('appendonly', 'no');
  expect(await linesOf(watch())).toMatchObject([{ level: 40, event: 'redis_not_durable' }]);
});

test('an append-only file that is never synced is warned of', async ({ settings, watch }) => {
  await settings('appendfsync', 'no');
  expect(await linesOf(watch())).toMatchObject([{ level: 40, event: 'redis_not_synced' }]);
});

test('if the user may not ask, the log says what could not be checked, and the connection is used', async ({
  redis,
  command,
  settings,
  watch,
}) => {
  await settings();
  await command('ACL', 'SETUSER', 'modest', 'on', '>secret', '~*', '+@all', '-@dangerous');
  const watched = watch({}, `redis://modest:secret@${new URL(redis.tcpUrl ?? '').host}`);
  const lines = await linesOf(watched);
  expect(lines).toMatchObject([{ level: 30, event: 'redis_not_checked', denied: ['INFO', 'CONFIG GET'] }]);
  expect(JSON.stringify([lines, watched.monitor.servers])).not.toContain('secret');
  expect(watched.codes()).toEqual([]);
});
