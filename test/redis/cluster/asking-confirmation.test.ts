import { test as base, expect } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { ClusterStore } from '../../../src/redis/cluster/cluster-store.ts';
import { slotOf } from '../../../src/redis/cluster/slots.ts';
import { RedisLink } from '../../../src/redis/connection.ts';
import { ReplicaConfirmation } from '../../../src/redis/replication/confirmation.ts';
import { defineScript, runScriptOn } from '../../../src/redis/scripts.ts';
import { startTestCluster, type TestCluster } from '../../support/redis-cluster.ts';
import type { ClusterNode } from '../../support/redis-cluster-node.ts';

const APPEND = defineScript('test-append-asked', "return redis.call('APPEND', KEYS[1], ARGV[1])");

const [KEY, MARKER] = ['user:{a}', 'marker:{a}'];
const SLOT = slotOf(KEY);

const log = createLog('cli', 'silent');

/** A Cluster in which the slot of `KEY` is being moved. */
interface Scene {
  store: ClusterStore;
  /** The node that the slot is being moved to. */
  importing: ClusterNode;
}

const test = base
  .extend('cluster', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestCluster> => {
    const cluster = await startTestCluster();
    onCleanup(() => cluster.stop());
    return cluster;
  })
  .extend('scene', { scope: 'file' }, async ({ cluster }, { onCleanup }): Promise<Scene> => {
    const store = new ClusterStore({
      connect: (options) => new RedisLink(options),
      url: 'redis://unused',
      seeds: cluster.seeds.split(','),
      deadlineMs: 900,
      leaseMs: 1000,
      log,
    });
    onCleanup(() => store.close());
    await store.whenReady(60_000);
    const from = await cluster.primaryOf(SLOT);
    const importing = await cluster.primaryOf(SLOT < 8192 ? 16_383 : 0);
    const setSlot = (node: ClusterNode, ...words: string[]): Promise<unknown> =>
      node.run((client) => client.sendCommand(['CLUSTER', 'SETSLOT', `${SLOT}`, ...words]));
    await setSlot(importing, 'IMPORTING', from.id);
    await setSlot(from, 'MIGRATING', importing.id);
    return { store, importing };
  })
  .extend('confirmation', ({}, { onCleanup }): ReplicaConfirmation => {
    const options = { what: 'revocation', replicas: 1, aof: false, timeoutMs: 5000 } as const;
    const confirmation = new ReplicaConfirmation({ ...options, log });
    onCleanup(() => confirmation.close());
    return confirmation;
  });

const connectionsOf = async (node: ClusterNode): Promise<number> => {
  const list = await node.run((client) => client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'normal']));
  return String(list).trim().split('\n').length;
};

test('what was written to a slot that is being imported is confirmed', async ({
  scene: { store, importing },
  confirmation,
}) => {
  const { client } = await runScriptOn(store, APPEND, [KEY], ['1']);
  expect(await importing.run((node) => node.clusterCountKeysInSlot(SLOT))).toBe(1);
  await expect(confirmation.confirm(client, MARKER)).resolves.toBeUndefined();
});

test('20 confirmations of what was written to such a slot open one connection', async ({
  scene: { store, importing },
  confirmation,
}) => {
  await runScriptOn(store, APPEND, [KEY], ['1']);
  const before = await connectionsOf(importing);
  for (let i = 0; i < 20; i += 1) {
    const { client } = await runScriptOn(store, APPEND, [KEY], ['1']);
    await confirmation.confirm(client, MARKER).catch(() => undefined);
  }
  expect((await connectionsOf(importing)) - before).toBe(1);
});
