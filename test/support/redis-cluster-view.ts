import { slotOf } from '../../src/redis/cluster/slots.ts';
import type { ClusterNode } from './redis-cluster-node.ts';
import { until } from './until.ts';

const MIGRATE_TIMEOUT_MS = '1000';
const KEYS_PER_BATCH = 10;
const CHANGE_TIMEOUT_MS = 15_000;
const CONFIRM_TIMEOUT_MS = 1000;

/** What a node that is up says of the Cluster, and how to change that. */
export interface ClusterView {
  slotOf(key: string): number;
  /** The node that serves a slot now, as most nodes that are up say. */
  primaryOf(slot: number): Promise<ClusterNode>;
  /** The replica of a primary. */
  replicaOf(primary: ClusterNode): Promise<ClusterNode>;
  /** Resolves when all nodes that are up say that another node than `former` serves the slot. */
  promoted(slot: number, former: ClusterNode): Promise<ClusterNode>;
  /** Promotes the replica of the slot's primary while both are up (`CLUSTER FAILOVER`), and resolves to it. */
  failOver(slot: number): Promise<ClusterNode>;
  /** Resolves when the replica of the primary has all that the primary has written until now. */
  replicated(primary: ClusterNode): Promise<void>;
  /** Moves one slot with its keys to another primary, as `redis-cli --cluster reshard` does. */
  moveSlot(slot: number, to: ClusterNode): Promise<void>;
}

export function viewOf(nodes: readonly ClusterNode[]): ClusterView {
  const nodeOf = (id: string): ClusterNode => {
    const node = nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new Error(`no node has the id ${id}`);
    return node;
  };
  const ownersOf = async (slot: number): Promise<(string | undefined)[]> =>
    Promise.all(nodes.filter(({ isUp }) => isUp).map((node) => ownerAt(node, slot)));
  const primaryOf = async (slot: number): Promise<ClusterNode> => {
    const owners = await ownersOf(slot);
    const [id] =
      [...Map.groupBy(owners, (owner) => owner)].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
    return nodeOf(id ?? 'none');
  };
  const replicaOf = async (primary: ClusterNode): Promise<ClusterNode> => {
    const lines = await tableAt(primary);
    return nodeOf(lines.find(([, , , master]) => master === primary.id)?.[0] ?? 'none');
  };
  const promoted = async (slot: number, former: ClusterNode): Promise<ClusterNode> => {
    await until(async () => {
      const owners = new Set(await ownersOf(slot));
      return owners.size === 1 && !owners.has(former.id) && !owners.has(undefined);
    }, CHANGE_TIMEOUT_MS);
    return primaryOf(slot);
  };
  return {
    slotOf,
    primaryOf,
    replicaOf,
    promoted,
    failOver: async (slot) => {
      const former = await primaryOf(slot);
      await (await replicaOf(former)).run((client) => client.clusterFailover());
      return promoted(slot, former);
    },
    replicated: (primary) => until(() => isReplicated(primary), CHANGE_TIMEOUT_MS),
    moveSlot: async (slot, to) => moveSlot(slot, await primaryOf(slot), to, nodes),
  };
}

/** `WAIT` counts the replicas that have everything up to the command before it on the same connection. */
const isReplicated = (primary: ClusterNode): Promise<boolean> =>
  primary.run(async (client) => {
    await client.ping();
    return (await client.wait(1, CONFIRM_TIMEOUT_MS)) >= 1;
  });

const tableAt = async (node: ClusterNode): Promise<string[][]> =>
  (await node.run((client) => client.clusterNodes()))
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

async function ownerAt(node: ClusterNode, slot: number): Promise<string | undefined> {
  const holds = (range: string): boolean => {
    const [start, end] = range.split('-').map(Number);
    return start !== undefined && start <= slot && slot <= (end ?? start);
  };
  return (await tableAt(node)).find((line) => line.slice(8).some(holds))?.[0];
}

async function moveSlot(
  slot: number,
  from: ClusterNode,
  to: ClusterNode,
  nodes: readonly ClusterNode[],
): Promise<void> {
  const setSlot = (node: ClusterNode, ...words: string[]): Promise<unknown> =>
    node.run((client) => client.sendCommand(['CLUSTER', 'SETSLOT', `${slot}`, ...words]));
  await setSlot(to, 'IMPORTING', from.id);
  await setSlot(from, 'MIGRATING', to.id);
  for (;;) {
    const keys = await from.run((client) => client.clusterGetKeysInSlot(slot, KEYS_PER_BATCH));
    if (keys.length === 0) break;
    const head = ['MIGRATE', '127.0.0.1', `${to.port}`, '', '0', MIGRATE_TIMEOUT_MS];
    await from.run((client) => client.sendCommand([...head, 'KEYS', ...keys]));
  }
  // The new owner first, so that the slot never has none.
  await setSlot(to, 'NODE', to.id);
  await setSlot(from, 'NODE', to.id);
  for (const node of nodes) if (node.isUp) await setSlot(node, 'NODE', to.id).catch(() => undefined);
}
