import type { Logger } from '../log.ts';
import { ClusterStore } from './cluster/cluster-store.ts';
import { ClusterMessageLink } from './cluster/message-link.ts';
import type { ClusterOptions } from './cluster/topology.ts';
import { RedisLink } from './connection.ts';
import { checkServerOnce } from './server-check.ts';
import type { RedisStore } from './store.ts';
import { Subscriber } from './subscriber.ts';

/** Where Redis is and how it is used, as the settings say. */
export interface RedisSettings {
  /** `redis://`, `rediss://`, or `unix:///path/to.sock`. */
  redisUrl: string;
  redisDeadlineMs: number;
  /** The addresses of some nodes of a Redis Cluster. Then `redisUrl` gives only the scheme, username and password. */
  redisClusterNodes?: readonly string[] | undefined;
  redisClusterLeaseMs: number;
}

/** Opens Redis for commands. Connects in the background: use `whenReady` to wait. */
export function openStore(settings: RedisSettings, log: Logger): RedisStore {
  const cluster = clusterOptions(settings, log);
  if (cluster !== undefined) return new ClusterStore(cluster);
  const link = linkTo(settings, log);
  checkServerOnce(link, log);
  return link;
}

/** Opens a connection for messages alone. */
export function openSubscriber(settings: RedisSettings, log: Logger): Subscriber {
  const cluster = clusterOptions(settings, log);
  const link = cluster === undefined ? linkTo(settings, log) : new ClusterMessageLink(cluster);
  return new Subscriber({ link, log });
}

const clusterOptions = (settings: RedisSettings, log: Logger): ClusterOptions | undefined =>
  settings.redisClusterNodes === undefined
    ? undefined
    : {
        url: settings.redisUrl,
        seeds: settings.redisClusterNodes,
        deadlineMs: settings.redisDeadlineMs,
        leaseMs: settings.redisClusterLeaseMs,
        log,
      };

const linkTo = ({ redisUrl, redisDeadlineMs }: RedisSettings, log: Logger): RedisLink =>
  new RedisLink({ url: redisUrl, deadlineMs: redisDeadlineMs, log });
