import { z } from 'zod';
import { transferShape } from './confirmation.ts';
import { host, integer, milliseconds, text } from './fields.ts';
import { sharedShape } from './shared.ts';

/** The settings of `portcullis bank`, by environment variable. The descriptions are shown in the documentation. */
export const bankShape = {
  ...sharedShape,
  BANK_HOST: host().default('127.0.0.1').describe('address to listen on'),
  BANK_PORT: integer(0, 65_535).default(8081).describe('port to listen on'),
  BANK_METRICS_HOST: host().default('127.0.0.1').describe('address of the private listener for `/metrics`'),
  BANK_METRICS_PORT: integer(0, 65_535)
    .optional()
    .describe('port of a private listener for `/metrics`; 0 is any free one; without it, the bank has none'),
  JWKS_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe("URL of the gateway's public keys; defaults to `ISSUER` + `/.well-known/jwks.json`"),
  JWKS: z
    .string()
    .optional()
    .describe(
      "the gateway's public keys as a JSON Web Key Set, instead of `JWKS_URL`; usually in a file that `JWKS_FILE` names",
    ),
  BANK_TRANSACTION_INTERVAL_MS: integer(0, 86_400_000)
    .default(10_000)
    .describe('interval between two generated transactions of an account; 0 generates none'),
  BANK_SEED: integer(0, 4_294_967_295)
    .optional()
    .describe('seed that makes the generated transactions repeatable'),
  BANK_CURRENCY: text(/^[A-Z]{3}$/, 'an ISO 4217 code')
    .default('EUR')
    .describe('currency of new accounts'),
  BANK_TRANSACTIONS_KEPT: integer(100, 100_000_000)
    .default(100_000)
    .describe('approximate number of transactions kept per account'),
  BANK_TRANSFERS_PER_ACCOUNT_DAY_MAX: integer(1, 100_000_000)
    .default(10_000)
    .describe('maximum transfers from an account in 24 hours, because each is remembered for so long'),
  BANK_SEARCHES_PER_USER_MAX: integer(1, 1000)
    .default(2)
    .describe('maximum concurrent searches per user, lists filtered by type included'),
  BANK_OPEN_STREAMS_PER_USER_MAX: integer(1, 10_000)
    .default(16)
    .describe('maximum open event streams per user'),
  BANK_STREAM_HEARTBEAT_MS: milliseconds(50, 600_000, 15_000).describe(
    'interval between two heartbeats of an event stream',
  ),
  BANK_BODY_MAX_BYTES: integer(256, 1024 * 1024)
    .default(16_384)
    .describe('maximum body size of a request'),
  ...transferShape,
} satisfies z.ZodRawShape;
