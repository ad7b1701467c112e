import { z } from 'zod';
import { milliseconds, redisUrl, serverAddresses, text } from './fields.ts';

/** Where Redis is, and how it is used: for the gateway, the bank and the commands. */
export const redisShape = {
  REDIS_URL: redisUrl().default('redis://127.0.0.1:6379').describe('URL of Redis or Valkey'),
  REDIS_DEADLINE_MS: milliseconds(20, 900, 500).describe('timeout of a Redis command or connection attempt'),
  REDIS_SENTINELS: serverAddresses()
    .default([])
    .describe(
      'all Sentinels as `host:port`, separated by commas. The primary is the server that more than half of them name; from `REDIS_URL` only TLS, username, password and database are used',
    ),
  REDIS_SENTINEL_NAME: text(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters')
    .default('mymaster')
    .describe('name of the primary at the Sentinels'),
  REDIS_SENTINEL_USERNAME: z.string().optional().describe('username at the Sentinels'),
  REDIS_SENTINEL_PASSWORD: z.string().optional().describe('password at the Sentinels'),
  REDIS_SENTINEL_LEASE_MS: milliseconds(300, 5000, 1000).describe(
    'how long a primary is used after more than half of the Sentinels have named it, and how long a process waits before it uses another one; the same in all processes',
  ),
  REDIS_CLUSTER_NODES: serverAddresses()
    .default([])
    .describe(
      'some nodes of a Redis Cluster as `host:port`, separated by commas, by which the others are found; from `REDIS_URL` only TLS, username and password are used',
    ),
  REDIS_CLUSTER_LEASE_MS: milliseconds(300, 5000, 1000).describe(
    'how long a node is used after more than half of the primaries have named it, and how long a process waits before it uses another one; the same in all processes',
  ),
} satisfies z.ZodRawShape;
