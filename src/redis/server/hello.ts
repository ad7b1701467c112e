import type { RedisClient } from '../client.ts';
import { refused, type ServerFault } from './fault.ts';

/** What a server says about itself in its reply to `HELLO`, which every user may send, also while data is loaded. */
export interface Hello {
  product: string;
  version: string;
  mode: string;
  role: string;
}

/** How the process connects, which decides what a server must be. */
export type Topology = 'standalone' | 'cluster';

/** The oldest version that has what the scripts need. Valkey began with a later one. */
const MAJOR_VERSION_MIN = 7;

/** @throws an error reply */
export async function readHello(client: RedisClient): Promise<Hello> {
  const reply: unknown = await client.sendCommand(['HELLO']);
  const words: unknown[] = Array.isArray(reply) ? reply : [];
  const field = (name: string): string => String(words[words.indexOf(name) + 1] ?? '');
  return { product: field('server'), version: field('version'), mode: field('mode'), role: field('role') };
}

/** Why a server cannot be used, if it cannot. */
export function refusalOf({ version, mode, role }: Hello, topology: Topology): ServerFault | undefined {
  if (mode === 'sentinel')
    return refused(
      'redis_is_sentinel',
      'this is a Redis Sentinel, which holds no data: list it in REDIS_SENTINELS in place of REDIS_URL',
    );
  if (!(Number.parseInt(version, 10) >= MAJOR_VERSION_MIN))
    return refused(
      'redis_version_unsupported',
      `the version of Redis is ${version.slice(0, 20) || 'unknown'}: Redis 7.0 or newer, or Valkey, is needed`,
    );
  if (mode === 'cluster' && topology === 'standalone')
    return refused(
      'redis_is_cluster_node',
      'this is a node of a Redis Cluster: list it in REDIS_CLUSTER_NODES in place of REDIS_URL',
    );
  if (mode !== 'cluster' && topology === 'cluster')
    return refused(
      'redis_is_not_cluster_node',
      'this server is not a node of a Redis Cluster: name it in REDIS_URL in place of REDIS_CLUSTER_NODES',
    );
  if (role !== 'master')
    return refused(
      'redis_replica',
      'this server is a replica, which may not know the latest revocations: connect to the primary',
    );
  return undefined;
}
