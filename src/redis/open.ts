import type { Logger } from '../log.ts';
import type { Admission, LinkOptions } from './client.ts';
import { ClusterStore } from './cluster/cluster-store.ts';
import { ClusterMessageLink } from './cluster/message-link.ts';
import { RedisLink } from './connection.ts';
import { openPrimaryLink } from './sentinel/open.ts';
import { ServerMonitor } from './server/monitor.ts';
import type { RedisRights } from './server/rights.ts';
import { type TlsSettings, tlsOf } from './server/tls.ts';
import type { RedisStore } from './store.ts';
import { Subscriber } from './subscriber.ts';

/** Where Redis is and how it is used, as the settings say. */
export interface RedisSettings extends TlsSettings {
  /** `redis://`, `rediss://`, or `unix:///path/to.sock`. */
  redisUrl: string;
  redisDeadlineMs: number;
  /** All Sentinels as `host:port`; none if Redis is the server of `redisUrl`. */
  redisSentinels: readonly string[];
  redisSentinelName: string;
  redisSentinelUsername?: string | undefined;
  redisSentinelPassword?: string | undefined;
  redisSentinelLeaseMs: number;
  /** Some nodes of a Redis Cluster as `host:port`; none if Redis is no Cluster. */
  redisClusterNodes: readonly string[];
  redisClusterLeaseMs: number;
  redisEviction?: 'allow' | 'refuse' | undefined;
  redisClockDifferenceMaxMs?: number | undefined;
  nodeEnv?: string | undefined;
}

interface MonitorDeps {
  log: Logger;
  rights?: RedisRights | undefined;
  /** The clock, in milliseconds since the epoch. */
  now?: (() => number) | undefined;
}

interface StoreDeps {
  log: Logger;
  /** Checks each server that holds keys. */
  monitor?: ServerMonitor;
  /** Decides about each connection to one, after the monitor. */
  admit?: Admission;
}

const CLOCK_DIFFERENCE_MAX_MS = 5000;

/** Checks the servers that are opened with it. Eviction is only warned of outside production. */
export const createMonitor = (settings: RedisSettings, deps: MonitorDeps): ServerMonitor =>
  new ServerMonitor({
    ...deps,
    evictionAllowed: settings.redisEviction === 'allow' || settings.nodeEnv !== 'production',
    clockDifferenceMaxMs: settings.redisClockDifferenceMaxMs ?? CLOCK_DIFFERENCE_MAX_MS,
  });

/** Opens Redis for commands. Connects in the background: use `whenReady` to wait. */
export function openStore(settings: RedisSettings, deps: StoreDeps): RedisStore {
  const { log, monitor = createMonitor(settings, { log }), admit } = deps;
  const options = { ...linkOptions(settings, log), admit };
  const { redisClusterNodes: seeds, redisClusterLeaseMs: leaseMs } = settings;
  if (seeds.length > 0)
    return new ClusterStore({
      ...options,
      connect: (node) => monitor.open(node, 'cluster'),
      seeds,
      leaseMs,
    });
  const connect = (server: LinkOptions): RedisLink => monitor.open(server);
  if (settings.redisSentinels.length > 0)
    return openPrimaryLink(settings, { ...options, connect, isLeased: true });
  return connect(options);
}

/** Opens a connection for messages alone. */
export function openSubscriber(settings: RedisSettings, log: Logger): Subscriber {
  const connect = (options: LinkOptions): RedisLink => new RedisLink(options);
  const options = { ...linkOptions(settings, log), connect };
  const { redisClusterNodes: seeds, redisClusterLeaseMs: leaseMs } = settings;
  const link =
    seeds.length > 0
      ? new ClusterMessageLink({ ...options, seeds, leaseMs })
      : settings.redisSentinels.length > 0
        ? openPrimaryLink(settings, { ...options, isLeased: false })
        : connect(options);
  return new Subscriber({ link, log });
}

const linkOptions = (settings: RedisSettings, log: Logger): LinkOptions => ({
  url: settings.redisUrl,
  deadlineMs: settings.redisDeadlineMs,
  tls: tlsOf(settings),
  log,
});
