import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerBinary } from '../../src/dev/redis/server-binary.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { Refusal } from '../../src/refusal.ts';
import { freePort } from './ports.ts';
import { type ClusterNode, type NodeClient, startClusterNode } from './redis-cluster-node.ts';
import { type ClusterView, viewOf } from './redis-cluster-view.ts';
import { until } from './until.ts';

const PRIMARIES = 3;
const NODES = 6;
const SLOTS = 16_384;
const START_ATTEMPTS = 3;
const FORM_TIMEOUT_MS = 20_000;

/** In memory, if possible: a node of a Cluster waits for the disk at each change of the Cluster. */
const DIRECTORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface TestCluster extends ClusterView {
  /** Three primaries, then three replicas, as at the start. */
  readonly nodes: readonly ClusterNode[];
  /** All addresses, in the form of `REDIS_CLUSTER_NODES`. */
  readonly seeds: string;
  /** Resolves when every slot is served and every node is up to date. Restart and thaw all nodes before. */
  whole(): Promise<void>;
  /** Stops all nodes in any state and deletes their data. */
  stop(): Promise<void>;
}

interface ClusterOptions {
  /** `cluster-node-timeout`: a node that is silent for so long is taken for failed. */
  nodeTimeoutMs?: number;
  /** Further options of `redis-server` for each node. */
  options?: readonly string[];
}

/**
 * Starts a Cluster of three primaries with one replica each. A lost node makes only its own slots unavailable, until its
 * replica is promoted.
 */
export async function startTestCluster({
  nodeTimeoutMs = 500,
  options = [],
}: ClusterOptions = {}): Promise<TestCluster> {
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`no Redis for the tests: ${binary.detail}`);
  const directory = await mkdtemp(join(DIRECTORY, 'portcullis-cluster-'));
  const nodes = await startNodes(binary, directory, [...nodeOptions(nodeTimeoutMs), ...options]);
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await form(nodes);
  } catch (fault) {
    await stop();
    throw fault;
  }
  const seeds = nodes.map(({ address }) => address).join(',');
  return { nodes, seeds, ...viewOf(nodes), whole: () => untilWhole(nodes), stop };
}

const nodeOptions = (nodeTimeoutMs: number): string[] => [
  ...['--cluster-node-timeout', `${nodeTimeoutMs}`],
  ...['--cluster-require-full-coverage', 'no'],
  ...['--cluster-allow-reads-when-down', 'no'],
  // A replica is promoted however long ago its primary was heard, and is in sync as soon as possible.
  ...['--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'],
];

async function startNodes(
  binary: ServerBinary,
  directory: string,
  options: readonly string[],
): Promise<ClusterNode[]> {
  for (let attempt = 1; ; attempt += 1) {
    const ports: number[] = [];
    while (ports.length < 2 * NODES) ports.push(await freePort());
    const started = await Promise.allSettled(
      ports
        .slice(0, NODES)
        .map((port, i) =>
          startClusterNode({ binary, directory, port, busPort: ports[NODES + i] ?? 0, options }),
        ),
    );
    const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (nodes.length === NODES) return nodes;
    await Promise.all(nodes.map((node) => node.stop()));
    if (attempt === START_ATTEMPTS)
      throw new Error('the nodes of the Cluster did not start', { cause: started });
  }
}

async function form(nodes: readonly ClusterNode[]): Promise<void> {
  const share = Math.ceil(SLOTS / PRIMARIES);
  const run = (work: (client: NodeClient, i: number) => Promise<unknown>): Promise<unknown> =>
    Promise.all(nodes.map((node, i) => node.run((client) => work(client, i))));
  // A node takes a number only while it knows no other.
  await run((client, i) => client.clusterSetConfigEpoch(i + 1));
  await run(async (client, i) => {
    const [start, end] = [i * share, Math.min((i + 1) * share, SLOTS) - 1];
    if (i < PRIMARIES) await client.clusterAddSlotsRange({ start, end });
    for (const { port, busPort } of nodes.toSpliced(i, 1))
      await client.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', `${port}`, `${busPort}`]);
  });
  await until(() => everyNode(nodes, knowsAll), FORM_TIMEOUT_MS);
  for (const [i, node] of nodes.slice(PRIMARIES).entries())
    await node.run((client) => client.clusterReplicate(nodes[i]?.id ?? ''));
  await untilWhole(nodes);
}

const everyNode = async (
  nodes: readonly ClusterNode[],
  holds: (node: ClusterNode) => Promise<boolean>,
): Promise<boolean> =>
  (await Promise.all(nodes.map((node) => holds(node).catch(() => false)))).every(Boolean);

async function knowsAll(node: ClusterNode): Promise<boolean> {
  const lines = (await node.run((client) => client.clusterNodes())).trim().split('\n');
  return lines.length === NODES && !lines.some((line) => line.includes('handshake'));
}

const untilWhole = (nodes: readonly ClusterNode[]): Promise<void> =>
  until(() => everyNode(nodes, isWhole), FORM_TIMEOUT_MS);

/** Whether the node sees all slots served and no failed node, and is a primary with a replica or a replica in sync. */
const isWhole = (node: ClusterNode): Promise<boolean> =>
  node.run(async (client) => {
    const [state, table, replication] = await Promise.all([
      client.clusterInfo(),
      client.clusterNodes(),
      client.info('replication'),
    ]);
    return (
      /cluster_state:ok/.test(state) &&
      /cluster_slots_ok:16384/.test(state) &&
      !/fail|handshake|noaddr/.test(table) &&
      table.match(/(?:^|\n)\S+ \S+ (?:myself,)?slave/g)?.length === NODES - PRIMARIES &&
      /master_link_status:up|role:master/.test(replication)
    );
  });
