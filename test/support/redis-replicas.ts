import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { Refusal } from '../../src/refusal.ts';
import { CLIENTS, type NetworkRelay, startNetwork } from './network.ts';
import type { RedisNode } from './redis-node.ts';
import { NAME, type Place, startSentinel, startServer } from './redis-replica-nodes.ts';
import { until } from './until.ts';

export interface RedisReplicasOptions {
  /** How many replicas the primary has. */
  replicas?: number;
  sentinels?: number;
  /** After this time without a reply, a Sentinel takes a server for down. */
  downAfterMs?: number;
  /** Lines for the configuration of each data server, such as `min-replicas-to-write 1`. */
  configuration?: readonly string[];
  /** The same for each Sentinel. */
  sentinelConfiguration?: readonly string[];
}

/** A primary with replicas, and the Sentinels that watch them. */
export interface RedisReplicas {
  /** The value of `REDIS_SENTINELS`. */
  addresses: string;
  /** The data servers. The first one is the primary at the beginning. */
  servers: readonly RedisNode[];
  sentinels: readonly RedisNode[];
  /** The server that a majority of the Sentinels names. @throws if there is none */
  primary(): Promise<RedisNode>;
  /** Resolves to the new primary, as soon as a majority of the Sentinels names another one. */
  switchedFrom(old: RedisNode, withinMs?: number): Promise<RedisNode>;
  /** Resolves when all servers respond, all others replicate from the primary, and the Sentinels know them. */
  settled(withinMs?: number): Promise<void>;
  /** Starts a planned failover (`SENTINEL FAILOVER`). */
  failOver(): Promise<void>;
  /** Cuts a server off from all other servers and Sentinels. Clients still reach it, unless `clients` is set. */
  isolate(server: RedisNode, clients?: boolean): Promise<void>;
  /** Undoes `isolate`. */
  rejoin(server: RedisNode): Promise<void>;
  /** Another value of `REDIS_SENTINELS`, for a client whose way to the Sentinels can be cut. */
  anotherWay(): Promise<string>;
  cutOtherWay(): Promise<void>;
  healOtherWay(): Promise<void>;
  /** Resolves when the replicas have received all that was written so far. */
  replicated(): Promise<void>;
  /** Lets a replica receive what the other servers send only after `byMs`. */
  lag(replica: RedisNode, byMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one primary with two replicas and three Sentinels, unless the options say otherwise. */
export async function startRedisReplicas(options: RedisReplicasOptions = {}): Promise<RedisReplicas> {
  const { replicas = 2, sentinels: sentinelCount = 3, downAfterMs = 500, configuration = [] } = options;
  const { sentinelConfiguration = [] } = options;
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`no Redis for the tests: ${binary.detail}`);
  const root = await mkdtemp(join(tmpdir(), 'portcullis-'));
  const place: Place = { binary, network: startNetwork(), root };
  const first = await startServer(place, 0, configuration);
  const others = await Promise.all(
    Array.from({ length: replicas }, (_, i) => startServer(place, i + 1, configuration, first)),
  );
  const servers = [first, ...others];
  await until(async () => (await first.info('replication')).get('connected_slaves') === `${replicas}`);
  const sentinels = await Promise.all(
    Array.from({ length: sentinelCount }, (_, i) =>
      startSentinel(place, i, [
        `sentinel monitor ${NAME} ${first.address.replace(':', ' ')} ${Math.floor(sentinelCount / 2) + 1}`,
        `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
        ...sentinelConfiguration,
      ]),
    ),
  );
  const nodes = [...servers, ...sentinels];
  const primary = () => namedBy(servers, sentinels);
  const settled = async (withinMs = 60_000): Promise<void> => {
    await setPeriods(sentinels, 100, 100);
    await until(() => isSettled(servers, sentinels), withinMs);
    await setPeriods(sentinels, 2000, 10_000);
  };
  await settled();
  const otherWay: NetworkRelay[] = [];
  return {
    addresses: sentinels.map(({ address }) => address).join(','),
    servers,
    sentinels,
    primary,
    switchedFrom: async (old, withinMs = 60_000) => {
      let now: RedisNode = old;
      await until(async () => {
        now = await primary().catch(() => old);
        return now !== old;
      }, withinMs);
      return now;
    },
    settled,
    failOver: async () => void (await sentinels[0]?.command('SENTINEL', 'FAILOVER', NAME)),
    isolate: (server, clients = false) =>
      forAllBetween(server, nodes, clients, (to, from) => to.relay.cut(from)),
    rejoin: (server) => forAllBetween(server, nodes, true, (to, from) => to.relay.heal(from)),
    anotherWay: async () => {
      for (const { url } of sentinels)
        otherWay.push(await place.network.relayTo(url.slice('unix://'.length)));
      return otherWay.map(({ port }) => `127.0.0.1:${port}`).join(',');
    },
    cutOtherWay: async () => void (await Promise.all(otherWay.map((relay) => relay.cut(CLIENTS)))),
    healOtherWay: async () => void (await Promise.all(otherWay.map((relay) => relay.heal(CLIENTS)))),
    replicated: async () => {
      const written = Number((await (await primary()).info('replication')).get('master_repl_offset'));
      const receivedBy = async (server: RedisNode): Promise<number> =>
        Number((await server.info('replication')).get('master_repl_offset'));
      await until(async () =>
        (await Promise.all(servers.map(receivedBy))).every((offset) => offset >= written),
      );
    },
    lag: async (replica, byMs) => {
      for (const node of servers) await node.relay.delay(replica.source, byMs);
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await place.network.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** How often Sentinels tell each other what they know, and ask the servers. The defaults are 2 s and 10 s. */
const setPeriods = (sentinels: readonly RedisNode[], publishMs: number, infoMs: number) =>
  Promise.allSettled(
    sentinels.map((one) =>
      one.command('SENTINEL', 'DEBUG', 'publish-period', `${publishMs}`, 'info-period', `${infoMs}`),
    ),
  );

async function namedBy(servers: readonly RedisNode[], sentinels: readonly RedisNode[]): Promise<RedisNode> {
  const votes = await Promise.all(
    sentinels.map(async (one) => {
      const reply = await one.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME).catch(() => undefined);
      return Array.isArray(reply) ? reply.join(':') : undefined;
    }),
  );
  const named = servers.find(
    ({ address }) => votes.filter((vote) => vote === address).length > sentinels.length / 2,
  );
  if (named === undefined) throw new Error('no majority of the Sentinels names a primary');
  return named;
}

async function isSettled(servers: readonly RedisNode[], sentinels: readonly RedisNode[]): Promise<boolean> {
  try {
    const primary = await namedBy(servers, sentinels);
    const replicas = servers.filter((server) => server !== primary);
    const states = await Promise.all(replicas.map((replica) => replica.info('replication')));
    if ((await primary.info('replication')).get('role') !== 'master') return false;
    const port = primary.address.split(':')[1];
    if (
      !states.every((state) => state.get('master_link_status') === 'up' && state.get('master_port') === port)
    )
      return false;
    const watched = await Promise.all(sentinels.map((one) => one.info('sentinel')));
    const expected = `status=ok,address=${primary.address},slaves=${replicas.length},sentinels=${sentinels.length}`;
    return watched.every((state) => state.get('master0')?.endsWith(expected) === true);
  } catch {
    return false;
  }
}

async function forAllBetween(
  server: RedisNode,
  nodes: readonly RedisNode[],
  clients: boolean,
  apply: (to: RedisNode, from: string) => Promise<void>,
): Promise<void> {
  const others = nodes.filter((node) => node !== server);
  await Promise.all(others.map((node) => apply(server, node.source)));
  await Promise.all(others.map((node) => apply(node, server.source)));
  if (clients) await apply(server, CLIENTS);
}
