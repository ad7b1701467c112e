import { setTimeout as delay } from 'node:timers/promises';
import { startTestCluster, type TestCluster } from '../../test/support/redis-cluster.ts';
import type { ClusterNode } from '../../test/support/redis-cluster-node.ts';
import { confirmedBy, LOSES_SESSIONS } from './replicated.ts';
import type { Fault, Topology } from './topology.ts';

const SLOTS = 16_384;
/** Longer than `cluster-node-timeout`. */
const FREEZE_MIN_MS = 1500;

/** Three primaries with one replica each. The data is on disk, so a node that was killed has it when it is back. */
export async function startCluster(): Promise<Topology> {
  const cluster = await startTestCluster({ options: ['--appendonly', 'yes'] });
  return {
    name: 'cluster',
    settingsFor: () => ({ REDIS_CLUSTER_NODES: cluster.seeds, ...confirmedBy(1) }),
    statedLoss: LOSES_SESSIONS,
    faults: faultsOf(cluster),
    primaries: async () => (await primariesOf(cluster)).map(({ address }) => `redis://${address}`),
    processes: () => cluster.nodes.map(({ pid }, n) => ({ name: `redis-${n}`, pid })),
    stop: () => cluster.stop(),
  };
}

/** The nodes that serve slots, found by sample. */
async function primariesOf(cluster: TestCluster): Promise<ClusterNode[]> {
  const samples = Array.from({ length: 64 }, (_, n) => cluster.primaryOf((n * SLOTS) / 64));
  return [...new Set(await Promise.all(samples))];
}

/** The length of a fault also chooses the slot whose primary it strikes, so that the seed decides. */
const slotFor = (lengthMs: number): number => (lengthMs * 7919) % SLOTS;

const faultsOf = (cluster: TestCluster): Fault[] => [
  {
    name: 'primary-kill',
    causesLoss: true,
    strike: async (lengthMs) => {
      const slot = slotFor(lengthMs);
      const primary = await cluster.primaryOf(slot);
      await primary.kill();
      await cluster.promoted(slot, primary);
      await primary.restart();
      await cluster.whole();
    },
  },
  {
    name: 'primary-freeze',
    causesLoss: true,
    strike: async (lengthMs) => {
      const primary = await cluster.primaryOf(slotFor(lengthMs));
      primary.freeze();
      await delay(FREEZE_MIN_MS + lengthMs);
      primary.thaw();
      await cluster.whole();
    },
  },
  {
    name: 'planned-failover',
    causesLoss: true,
    strike: async (lengthMs) => {
      await cluster.failOver(slotFor(lengthMs));
      await cluster.whole();
    },
  },
  {
    name: 'slot-moved',
    strike: async (lengthMs) => {
      const slot = slotFor(lengthMs);
      const from = await cluster.primaryOf(slot);
      const to = (await primariesOf(cluster)).find((node) => node !== from);
      if (to !== undefined) await cluster.moveSlot(slot, to);
    },
  },
];
