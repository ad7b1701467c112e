import type { z } from 'zod';
import { milliseconds, nodeAddresses, redisUrl } from './fields.ts';

/** Where Redis is, and how it is used: for the gateway, the bank and the commands. */
export const redisShape = {
  REDIS_URL: redisUrl().default('redis://127.0.0.1:6379').describe('URL of Redis or Valkey'),
  REDIS_DEADLINE_MS: milliseconds(20, 900, 500).describe('timeout of a Redis command or connection attempt'),
  REDIS_CLUSTER_NODES: nodeAddresses()
    .optional()
    .describe(
      'some nodes of a Redis Cluster, as `host:port` separated by commas; the scheme, username and password are those of `REDIS_URL`',
    ),
  REDIS_CLUSTER_LEASE_MS: milliseconds(200, 5000, 1000).describe(
    'how long a primary may be used after most primaries have named it, and wait of its successor; the same for all processes',
  ),
} satisfies z.ZodRawShape;
