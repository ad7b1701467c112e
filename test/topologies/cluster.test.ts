import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';
import { handOver } from '../../src/keys/rotation.ts';
import { readRing } from '../../src/keys/store.ts';
import { announceRing } from '../../src/keys/sync.ts';
import { createLog } from '../../src/log.ts';
import { slotOf } from '../../src/redis/cluster/slots.ts';
import { accountKey, auditChannel, auditKey, userKey } from '../../src/redis/keys.ts';
import { openSubscriber } from '../../src/redis/open.ts';
import { startTestCluster, type TestCluster } from '../support/redis-cluster.ts';
import type { ClusterNode } from '../support/redis-cluster-node.ts';
import { logIn } from '../support/sessions.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { until } from '../support/until.ts';
import { LEASE_MS, logOutFinally, report, startClusterLoad, useAll } from './cluster-load.ts';
import { MAIN_FLOWS } from './main-flows.ts';

/** How long recovery may take on a busy machine. */
const RECOVERY_MS = 30_000;
const SUBSCRIBERS = 6;

const test = base
  .extend('cluster', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestCluster> => {
    const cluster = await startTestCluster({ nodeTimeoutMs: 1000 });
    onCleanup(() => cluster.stop());
    return cluster;
  })
  .extend('stack', { scope: 'file' }, async ({ cluster }, { onCleanup }): Promise<TopologyStack> => {
    const redis = {
      REDIS_CLUSTER_NODES: cluster.seeds,
      REDIS_CLUSTER_LEASE_MS: `${LEASE_MS}`,
      REDIS_DEADLINE_MS: '900',
    };
    const stack = await startTopologyStack({ redis, gateway: { SIGNING_KEY: '' } });
    onCleanup(() => stack.close());
    return stack;
  });

test.for(Object.entries(MAIN_FLOWS))('Redis Cluster: %s', ([, flow], { stack }) => flow(stack));

test('a key rotation reaches all gateways, and they are counted', async ({ stack }) => {
  const keys = join(stack.environment.DATA_DIR ?? '', 'keys');
  await handOver(keys, 600, Date.now());
  const record = await readRing(keys);
  if (record === undefined) throw new Error('there is no key ring');
  expect(await announceRing(stack.store, record, 5000)).toEqual({ listening: 2, acknowledged: 2 });
});

test('an audit announcement reaches every process, whichever node it is connected to', async ({
  stack,
  onTestFinished,
}) => {
  const received: string[] = [];
  const subscribed = Array.from({ length: SUBSCRIBERS }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const subscriber = openSubscriber(settingsOf(stack), createLog('cli', 'silent'));
    onTestFinished(() => subscriber.close());
    subscriber.subscribe(auditChannel(), (message) => received.push(message), resolve);
    return promise;
  });
  await Promise.all(subscribed);
  const gateways = stack.urls.length;
  expect(await stack.store.publish(auditChannel(), 'x')).toBe(SUBSCRIBERS + gateways);
  await until(() => received.length === SUBSCRIBERS);
});

test('a reshard of the slots of active users, the bank and the audit logs loses no request', async ({
  cluster,
  stack,
}) => {
  await cluster.whole();
  const load = startClusterLoad(stack.urls, await tokensOf(stack), ['/auth/session', '/bank/accounts']);
  await until(() => load.grantedAt('bob', 0) !== undefined);
  const keys = [slotKeyOf(stack, 'bob'), slotKeyOf(stack, 'alice'), accountKey('x'), auditKey()];
  for (const slot of keys.map(slotOf))
    for (let i = 0; i < 3; i += 1) {
      await cluster.moveSlot(slot, await anotherPrimary(cluster, slot));
      const movedMs = performance.now();
      await until(() => ['bob', 'alice'].every((user) => load.grantedAt(user, movedMs) !== undefined));
    }
  await load.stop();
  for (const user of ['bob', 'alice']) {
    expect(load.statusesInTime(user)).toEqual(new Set([200]));
    expect([...load.statusesOf(user).difference(new Set([200, 503]))]).toEqual([]);
  }
});

interface Failure {
  begin(node: ClusterNode, cluster: TestCluster, slot: number): unknown;
  /** When another node has been promoted. */
  end(node: ClusterNode): unknown;
}

const FAILURES: Record<string, Failure> = {
  'that is replaced by a planned failover': {
    begin: (_node, cluster, slot) => cluster.failOver(slot),
    end: () => {},
  },
  'that is killed': { begin: (node) => node.kill(), end: (node) => node.restart() },
  'that hangs and comes back': { begin: (node) => node.freeze(), end: (node) => node.thaw() },
};

test.for(Object.entries(FAILURES))(
  'a primary %s: 503 for its slots only, no revoked token is let in, and no session is lost',
  async ([name, failure], { cluster, stack, onTestFinished }) => {
    await cluster.whole();
    const slot = slotOf(slotKeyOf(stack, 'bob'));
    if ((await cluster.primaryOf(slot)) === (await cluster.primaryOf(slotOf(slotKeyOf(stack, 'alice')))))
      await cluster.moveSlot(slotOf(slotKeyOf(stack, 'alice')), await anotherPrimary(cluster, slot));
    const tokens = await tokensOf(stack);
    const doomed = await Promise.all([1, 2, 3, 4].map(async () => (await logIn(stack.urls[0])).access_token));
    const load = startClusterLoad(stack.urls, tokens, ['/auth/session']);
    await until(() => load.grantedAt('bob', 0) !== undefined);
    const former = await cluster.primaryOf(slot);
    // A login that no replica has is lost with its primary.
    await cluster.replicated(former);
    let isGoingOn = true;
    // A node that stays down or requests that go on would fail the next attempt too.
    onTestFinished(async () => {
      isGoingOn = false;
      if (!former.isUp) await failure.end(former);
    });

    const failedMs = performance.now();
    await failure.begin(former, cluster, slot);
    await cluster.promoted(slot, former);
    const promotedMs = performance.now();
    await until(() => load.grantedAt('alice', failedMs) !== undefined);
    const used = Promise.all(
      doomed.map(async (token) => {
        await logOutFinally(stack.urls[0], token);
        return useAll(stack.urls, [token], () => isGoingOn);
      }),
    );
    // It is awaited below. Without this, a failure before would be unhandled.
    used.catch(() => {});
    await until(() => load.grantedAt('bob', promotedMs) !== undefined, RECOVERY_MS);
    await failure.end(former);
    const endedMs = performance.now();
    await until(() => load.grantedAt('bob', endedMs) !== undefined, RECOVERY_MS);
    await cluster.whole();
    isGoingOn = false;
    const statuses = await used;
    await load.stop();

    for (const seen of statuses) expect(seen).not.toContain(200);
    expect(load.statusesInTime('alice')).toEqual(new Set([200]));
    expect([...load.statusesOf('alice').difference(new Set([200, 503]))]).toEqual([]);
    expect([...load.statusesOf('bob').difference(new Set([200, 503]))]).toEqual([]);
    expect(await useAll(stack.urls, Object.values(tokens), () => false)).toEqual(new Set([200]));
    expect(await useAll(stack.urls, doomed, () => false)).toEqual(new Set([401]));
    await report(name, { failedMs, promotedMs, recoveredMs: load.grantedAt('bob', promotedMs) ?? 0 }, load);
  },
);

const settingsOf = ({ environment }: TopologyStack) => gatewaySettings(environment);

function slotKeyOf({ users }: TopologyStack, username: string): string {
  return userKey(users.find((user) => user.username === username)?.id ?? '');
}

const tokensOf = async ({ urls }: TopologyStack): Promise<{ bob: string; alice: string }> => ({
  bob: (await logIn(urls[0], 'bob')).access_token,
  alice: (await logIn(urls[1], 'alice')).access_token,
});

/** A primary that does not serve the slot. */
async function anotherPrimary(cluster: TestCluster, slot: number): Promise<ClusterNode> {
  const [own, ...all] = await Promise.all([slot, 0, 8192, 16_383].map(cluster.primaryOf));
  const other = all.find((node) => node !== own);
  if (other === undefined) throw new Error('there is only one primary');
  return other;
}
