import type { Logger } from '../log.ts';
import type { Admission } from './client.ts';
import { ClusterStore } from './cluster/cluster-store.ts';
import { ClusterMessageLink } from './cluster/message-link.ts';
import type { ClusterOptions } from './cluster/topology.ts';
import { RedisLink } from './connection.ts';
import { openPrimaryLink, type PrimaryOptions } from './sentinel/open.ts';
import { checkServerOnce } from './server-check.ts';
import type { RedisStore, ServerLink } from './store.ts';
import { Subscriber } from './subscriber.ts';

/** Where Redis is and how it is used, as the settings say. */
export interface RedisSettings {
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
}

/** Opens Redis for commands. Connects in the background: use `whenReady` to wait. `admit` decides about each connection. */
export function openStore(settings: RedisSettings, log: Logger, admit?: Admission): RedisStore {
  if (settings.redisClusterNodes.length > 0)
    return new ClusterStore({ ...clusterOptions(settings, log), ...(admit && { admit }) });
  const link = linkTo(settings, log, { isLeased: true, ...(admit && { admit }) });
  checkServerOnce(link, log);
  return link;
}

/** Opens a connection for messages alone. */
export function openSubscriber(settings: RedisSettings, log: Logger): Subscriber {
  const isCluster = settings.redisClusterNodes.length > 0;
  const link = isCluster
    ? new ClusterMessageLink(clusterOptions(settings, log))
    : linkTo(settings, log, { isLeased: false });
  return new Subscriber({ link, log });
}

const clusterOptions = (settings: RedisSettings, log: Logger): ClusterOptions => ({
  url: settings.redisUrl,
  seeds: settings.redisClusterNodes,
  deadlineMs: settings.redisDeadlineMs,
  leaseMs: settings.redisClusterLeaseMs,
  log,
});

function linkTo(
  settings: RedisSettings,
  log: Logger,
  { isLeased, ...admission }: PrimaryOptions,
): ServerLink {
  if (settings.redisSentinels.length > 0) return openPrimaryLink(settings, log, { isLeased, ...admission });
  return new RedisLink({ url: settings.redisUrl, deadlineMs: settings.redisDeadlineMs, log, ...admission });
}
