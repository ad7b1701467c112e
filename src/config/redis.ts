import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { host, integer, milliseconds, oneOf, redisUrl, serverAddresses, text } from './fields.ts';

/** PEM text (RFC 7468) that `parse` accepts. */
const pem = (parse: (text: string) => unknown, expected: string) =>
  z.string().refine((text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  }, `must be ${expected} in PEM`);

const certificate = () => pem((text) => new X509Certificate(text), 'one or more certificates');

/** Where Redis is, and how it is used: for the gateway, the bank and the commands. */
export const redisShape = {
  REDIS_URL: redisUrl()
    .default('redis://127.0.0.1:6379')
    .describe('URL of Redis or Valkey, with the ACL user and password; `rediss://` uses TLS'),
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
  REDIS_TLS_CA: certificate()
    .optional()
    .describe(
      'certificates of the authorities that may certify Redis, in PEM, in place of the public ones; usually in a file that `REDIS_TLS_CA_FILE` names',
    ),
  REDIS_TLS_CERT: certificate()
    .optional()
    .describe('certificate by which this process authenticates to Redis, in PEM, with its chain'),
  REDIS_TLS_KEY: pem(createPrivateKey, 'a private key')
    .optional()
    .describe('private key of `REDIS_TLS_CERT`, in PEM'),
  REDIS_TLS_SERVER_NAME: host()
    .optional()
    .describe("name in the certificate of Redis; defaults to the URL's host"),
  REDIS_EVICTION: oneOf('allow', 'refuse')
    .default('refuse')
    .describe(
      'whether a server with another `maxmemory-policy` than `noeviction` may be used in production: with `refuse`, `/readyz` is 503; elsewhere it is only a warning',
    ),
  REDIS_CLOCK_DIFFERENCE_MAX_MS: integer(100, 86_400_000)
    .default(5000)
    .describe(
      'maximum difference between the clocks of this process and of Redis; beyond it, `/readyz` is 503',
    ),
} satisfies z.ZodRawShape;

/** Settings of TLS that contradict each other. No message repeats a value. */
export function redisTlsFaults(given: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(given).filter((name) => name.startsWith('REDIS_TLS_'));
  const isTls = given.REDIS_URL?.startsWith('rediss://') ?? false;
  const faults =
    isTls || names.length === 0 ? [] : ['REDIS_URL: must be rediss:// if a REDIS_TLS_ setting is set'];
  if ((given.REDIS_TLS_CERT === undefined) !== (given.REDIS_TLS_KEY === undefined))
    faults.push('REDIS_TLS_CERT: must be set together with REDIS_TLS_KEY');
  return faults;
}
