import { createCluster } from 'redis';
import { test as base, expect } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { ClusterStore } from '../../../src/redis/cluster/cluster-store.ts';
import { slotOf } from '../../../src/redis/cluster/slots.ts';
import { RedisLink } from '../../../src/redis/connection.ts';
import { defineScript, runScript } from '../../../src/redis/scripts.ts';
import { startTestCluster, type TestCluster } from '../../support/redis-cluster.ts';

const APPEND = defineScript('test-append', "return redis.call('APPEND', KEYS[1], ARGV[1])");

const test = base
  .extend('cluster', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestCluster> => {
    const cluster = await startTestCluster();
    onCleanup(() => cluster.stop());
    return cluster;
  })
  .extend('store', { scope: 'file' }, async ({ cluster }, { onCleanup }): Promise<ClusterStore> => {
    const store = new ClusterStore({
      connect: (options) => new RedisLink(options),
      url: 'redis://unused',
      seeds: cluster.seeds.split(','),
      deadlineMs: 900,
      leaseMs: 1000,
      log: createLog('cli', 'silent'),
    });
    onCleanup(() => store.close());
    await store.whenReady(60_000);
    return store;
  });

const get = (store: ClusterStore, key: string): Promise<string | null> =>
  store.runFor(key, (client) => client.get(key));

test('while a slot is being moved, commands, scripts and transactions find each key where it is', async ({
  cluster,
  store,
}) => {
  const [moved, kept, created] = ['moved:{s}', 'kept:{s}', 'created:{s}'];
  for (const key of [moved, kept]) await store.runFor(key, (client) => client.set(key, '1'));
  const slot = slotOf(moved);
  const from = await cluster.primaryOf(slot);
  const to = await cluster.primaryOf(slot < 8192 ? 16_383 : 0);
  const setSlot = (node: typeof from, ...words: string[]): Promise<unknown> =>
    node.run((client) => client.sendCommand(['CLUSTER', 'SETSLOT', `${slot}`, ...words]));
  await setSlot(to, 'IMPORTING', from.id);
  await setSlot(from, 'MIGRATING', to.id);
  const words = ['MIGRATE', '127.0.0.1', `${to.port}`, moved, '0', '1000'];
  await from.run((client) => client.sendCommand(words));

  expect(await get(store, moved)).toBe('1');
  expect(await get(store, kept)).toBe('1');
  expect(await runScript(store, APPEND, [moved], ['2'])).toBe(2);
  await store.runFor(created, (client) => client.multi().set(created, '3').get(created).exec());
  expect(await get(store, created)).toBe('3');
  const stored = await to.run((client) => client.clusterCountKeysInSlot(slot));
  expect(stored).toBe(2);
  await setSlot(from, 'STABLE');
  await setSlot(to, 'STABLE');
});

test('a transaction and a script follow a slot that has moved', async ({ cluster, store }) => {
  const key = 'k:{t}';
  const slot = slotOf(key);
  await store.runFor(key, (client) => client.set(key, '1'));
  await cluster.moveSlot(slot, await cluster.primaryOf(slot < 8192 ? 16_383 : 0));
  expect(await store.runFor(key, (client) => client.multi().append(key, '2').get(key).exec())).toEqual([
    2,
    '12',
  ]);
  expect(await runScript(store, APPEND, [key], ['3'])).toBe(3);
});

test("a suspended node: a command is rejected at its deadline, while node-redis's own client waits", async ({
  cluster,
  store,
  onTestFinished,
}) => {
  const key = 'k:{h}';
  const rootNodes = cluster.nodes.map(({ address }) => ({ url: `redis://${address}` }));
  const defaults = { disableOfflineQueue: true, commandOptions: { timeout: 100 } };
  const other = createCluster({ RESP: 2, rootNodes, defaults, commandOptions: { timeout: 100 } });
  other.on('error', () => {});
  await other.connect();
  await other.set(key, '1');
  const node = await cluster.primaryOf(slotOf(key));
  onTestFinished(() => {
    node.thaw();
    other.destroy();
  });
  node.freeze();
  let settled = 'waits';
  other.get(key).then(
    () => {
      settled = 'replied';
    },
    () => {
      settled = 'rejected';
    },
  );
  await expect(get(store, key)).rejects.toMatchObject({ code: 'redis_unavailable' });
  expect(settled).toBe('waits');
});
