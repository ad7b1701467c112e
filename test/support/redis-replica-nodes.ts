import { join } from 'node:path';
import type { ServerBinary } from '../../src/dev/redis/server-binary.ts';
import type { Network } from './network.ts';
import { type RedisNode, startRedisNode } from './redis-node.ts';

/** The name of the primary at the Sentinels. */
export const NAME = 'mymaster';

export interface Place {
  binary: ServerBinary;
  network: Network;
  root: string;
}

/** A data server: the primary, or a replica of `primary`. */
export const startServer = (
  { root, ...place }: Place,
  index: number,
  configuration: readonly string[],
  primary?: RedisNode,
): Promise<RedisNode> =>
  startRedisNode({
    ...place,
    directory: join(root, `r${index}`),
    source: `127.0.1.${index + 1}`,
    configuration: (port) => [
      'appendonly no',
      'save ""',
      'repl-diskless-sync yes',
      'repl-diskless-sync-delay 0',
      'replica-announce-ip 127.0.0.1',
      `replica-announce-port ${port}`,
      ...(primary === undefined ? [] : [`replicaof ${primary.address.replace(':', ' ')}`]),
      ...configuration,
    ],
  });

/** A Sentinel. */
export const startSentinel = (
  { root, ...place }: Place,
  index: number,
  configuration: readonly string[],
): Promise<RedisNode> =>
  startRedisNode({
    ...place,
    isSentinel: true,
    directory: join(root, `s${index}`),
    source: `127.0.2.${index + 1}`,
    configuration: (port) => [
      'sentinel announce-ip 127.0.0.1',
      `sentinel announce-port ${port}`,
      ...configuration,
      `sentinel failover-timeout ${NAME} 1000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ],
  });
