import type { z } from 'zod';
import { integer, milliseconds, oneOf } from './fields.ts';

/** How long a response may wait for replicas: less than clients, proxies and the gateway wait for a response. */
const timeoutMs = () => milliseconds(10, 5000, 500);

const replicas = () => integer(0, 20).default(0);

const aof = () => oneOf('on', 'off').default('off');

/** What the gateway keeps and confirms, so that a revocation survives the loss of a server. */
export const revocationShape = {
  REVOCATION_JOURNAL_MAX: integer(0, 1_000_000)
    .default(50_000)
    .describe(
      'maximum revocations of the last `ACCESS_TOKEN_TTL_SECONDS` that each process keeps, to apply them again after a failover; 0 keeps none',
    ),
  REVOCATION_REPLICAS: replicas().describe(
    'number of replicas that must have a revocation before its response is sent (`WAIT`)',
  ),
  REVOCATION_AOF: aof().describe(
    'whether a revocation must be in the append-only file on disk before its response is sent (`WAITAOF`: Redis 7.2, Valkey 8): `on` or `off`',
  ),
  REVOCATION_TIMEOUT_MS: timeoutMs().describe(
    'timeout for the confirmation of a revocation, after which the response is 503 `revocation_not_durable`',
  ),
  AUDIT_REPLICAS: replicas().describe(
    'number of replicas that must have an audit record before the response of the recorded request is sent',
  ),
  AUDIT_REPLICAS_TIMEOUT_MS: timeoutMs().describe('timeout for the confirmation of an audit record'),
} satisfies z.ZodRawShape;

/** The same for the transfers of the bank. */
export const transferShape = {
  TRANSFER_REPLICAS: replicas().describe(
    'number of replicas that must have a transfer before its response is sent (`WAIT`)',
  ),
  TRANSFER_AOF: aof().describe(
    'whether a transfer must be in the append-only file on disk before its response is sent (`WAITAOF`): `on` or `off`',
  ),
  TRANSFER_REPLICAS_TIMEOUT_MS: timeoutMs().describe(
    'timeout for the confirmation of a transfer, after which the response is 503 `transfer_not_durable`',
  ),
} satisfies z.ZodRawShape;
