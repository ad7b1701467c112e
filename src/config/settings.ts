import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { accountShape } from './accounts.ts';
import { browserShape } from './browser.ts';
import {
  addressRanges,
  audience,
  host,
  httpOrigin,
  integer,
  issuerUrl,
  milliseconds,
  redisUrl,
  text,
} from './fields.ts';

/**
 * Every setting of the gateway and the bank, each with what it wants, its default and a sentence for the
 * README's table. Messages say what is wanted and never repeat what was given: it may be a secret.
 */

const MIB = 1024 * 1024;

const commonShape = {
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'wants development, production or test')
    .default('development')
    .describe('`production` refuses to make keys and wants an https issuer'),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'wants fatal, error, warn, info, debug or silent',
    )
    .default('info')
    .describe('the least severe log line that is written'),
  REDIS_URL: redisUrl().default('redis://127.0.0.1:6379').describe('where Redis or Valkey is'),
  REDIS_DEADLINE_MS: milliseconds(20, 900, 500).describe(
    'how long Redis may take for one command or connection',
  ),
  ISSUER: issuerUrl()
    .default('http://127.0.0.1:8080')
    .describe("the gateway's public URL, the `iss` of its tokens"),
  BANK_AUDIENCE: audience()
    .default('portcullis-bank')
    .describe("the `aud` of the gateway's assertions to the bank"),
  SHUTDOWN_GRACE_MS: milliseconds(0, 600_000, 10_000).describe(
    'how long requests may go on after a stop signal',
  ),
};

/** The settings of `portcullis gateway`, by their environment names. */
export const gatewayShape = {
  ...commonShape,
  GATEWAY_HOST: host().default('127.0.0.1').describe('the address that the gateway listens on'),
  GATEWAY_PORT: integer(0, 65_535).default(8080).describe('the port that the gateway listens on'),
  AUDIENCE: audience().default('portcullis-api').describe('the one `aud` of access tokens'),
  BANK_URL: httpOrigin()
    .default('http://127.0.0.1:8081')
    .describe('the origin that `/bank/**` is proxied to'),
  POLICY_FILE: z.string().optional().describe('a JSON file of the rules for `/bank/**` (docs/operations.md)'),
  DATA_DIR: z.string().default('.data').describe('where keys are made outside production'),
  SIGNING_KEY: z
    .string()
    .optional()
    .describe('RSA private keys, PEM (PKCS #8), at least 2048 bits; the first signs, all verify'),
  KEYS_DIR: z
    .string()
    .optional()
    .describe(
      'the directory of a key ring, instead of `SIGNING_KEY`; `keys` in `DATA_DIR` outside production',
    ),
  KEY_PUBLISH_LEAD_SECONDS: integer(1, 86_400)
    .default(120)
    .describe('how long a new key is published before it signs; longer than others remember the key set'),
  ACCESS_TOKEN_TTL_SECONDS: integer(5, 2_592_000).default(300).describe('how long an access token lives'),
  ASSERTION_TTL_SECONDS: integer(5, 60)
    .default(60)
    .describe("how long the gateway's assertion to the bank lives"),
  REFRESH_KEY: text(/^[\w-]{43,}$/, 'at least 32 random bytes in base64url')
    .optional()
    .describe('what refresh tokens are authenticated with; at least 32 random bytes, base64url'),
  SESSION_IDLE_SECONDS: integer(10, 86_400)
    .default(900)
    .describe('without real activity for so long, a session ends; 300 satisfies PSD2 RTS, article 4(3)'),
  SESSION_ABSOLUTE_SECONDS: integer(10, 2_592_000)
    .default(43_200)
    .describe('a session ends so long after log-in'),
  SESSION_REMEMBER_SECONDS: integer(10, 31_536_000)
    .default(2_592_000)
    .describe('the same for a log-in with `remember`, which staff can not have'),
  REFRESH_GRACE_SECONDS: integer(0, 60)
    .default(10)
    .describe('how long a used refresh token may cross with its successor'),
  SESSIONS_PER_USER_MAX: integer(1, 1000)
    .default(5)
    .describe('sessions of one user at one time; 1 is single-session log-in'),
  SESSIONS_PER_USER_POLICY: z
    .enum(['evict-oldest', 'refuse'], 'wants evict-oldest or refuse')
    .default('evict-oldest')
    .describe('what happens to one more: `evict-oldest` or `refuse`'),
  SESSION_DATA_MAX_BYTES: integer(0, MIB).default(4096).describe("the application's own data in one session"),
  SIGNATURE_MEMO_SIZE: integer(0, 1_000_000)
    .default(0)
    .describe('how many verified tokens are remembered; 0 verifies every signature every time'),
  PASSWORD_WORKERS: integer(1, 64)
    .default(Math.max(1, availableParallelism() - 1))
    .describe('threads that hash passwords; one fewer than the machine has cores unless given'),
  PASSWORD_QUEUE_MAX: integer(1, 10_000).default(32).describe('log-ins that may wait for a password thread'),
  LOGIN_FAILURES_PER_USERNAME: integer(1, 1000)
    .default(5)
    .describe('wrong passwords in a row for one user name before 429'),
  LOGIN_FAILURES_PER_ADDRESS: integer(1, 100_000)
    .default(20)
    .describe('wrong passwords from one address within the window before 429'),
  LOGIN_FAILURE_WINDOW_SECONDS: integer(1, 86_400).default(900).describe('how long failures are remembered'),
  ...accountShape,
  ...browserShape,
  TRUSTED_PROXIES: addressRanges()
    .default([])
    .describe('addresses and CIDR ranges whose `X-Forwarded-For` is believed'),
  AUDIT_RECORDS_MAX: integer(100, 100_000_000)
    .default(1_000_000)
    .describe('records kept in the audit trail, about'),
  HEADER_MAX_BYTES: integer(1024, 1_048_576).default(16_384).describe("a request's line and headers"),
  BODY_MAX_BYTES: integer(0, 1024 * 1024 * MIB)
    .default(10 * MIB)
    .describe("a proxied request's body"),
  AUTH_BODY_MAX_BYTES: integer(256, MIB)
    .default(16_384)
    .describe("the body of a request to the gateway's own routes"),
  HEADERS_TIMEOUT_MS: milliseconds(100, 600_000, 10_000).describe("until a request's headers are complete"),
  REQUEST_TIMEOUT_MS: milliseconds(100, 86_400_000, 300_000).describe(
    'until a request, body included, is complete',
  ),
  IDLE_TIMEOUT_MS: milliseconds(100, 3_600_000, 60_000).describe(
    'a client connection without a byte either way',
  ),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(0, 600_000, 65_000).describe(
    'a client connection between two requests',
  ),
  CONNECTIONS_MAX: integer(1, 1_000_000).default(10_000).describe('client connections at one time'),
  BANK_CONNECTIONS_MAX: integer(1, 65_535).default(256).describe('connections to the bank at one time'),
  BANK_REQUESTS_PER_USER_MAX: integer(1, 65_535)
    .default(64)
    .describe(
      'requests of one user under way at one time at the bank, event streams and those of their sessions included',
    ),
  BANK_QUEUE_MAX: integer(0, 1_000_000)
    .default(1024)
    .describe('requests that may wait for a connection to the bank'),
  BANK_CONNECT_TIMEOUT_MS: milliseconds(50, 60_000, 2000).describe('until a connection to the bank is made'),
  BANK_FIRST_BYTE_TIMEOUT_MS: milliseconds(50, 3_600_000, 30_000).describe("until the bank's answer begins"),
  BANK_IDLE_TIMEOUT_MS: milliseconds(50, 3_600_000, 60_000).describe("the bank's answer without a byte"),
} satisfies z.ZodRawShape;

/** The settings of `portcullis bank`, by their environment names. */
export const bankShape = {
  ...commonShape,
  BANK_HOST: host().default('127.0.0.1').describe('the address that the bank listens on'),
  BANK_PORT: integer(0, 65_535).default(8081).describe('the port that the bank listens on'),
  JWKS_URL: z
    .url({ protocol: /^https?$/, error: 'wants an http:// or https:// URL' })
    .optional()
    .describe("where the gateway's public keys are; `ISSUER` + `/.well-known/jwks.json` unless given"),
  BANK_TRANSACTION_INTERVAL_MS: integer(0, 86_400_000)
    .default(10_000)
    .describe('between two generated transactions of an account; 0 generates none'),
  BANK_SEED: integer(0, 4_294_967_295).optional().describe('makes the generated transactions repeatable'),
  BANK_CURRENCY: text(/^[A-Z]{3}$/, 'an ISO 4217 code')
    .default('EUR')
    .describe('the currency of new accounts'),
  BANK_TRANSACTIONS_KEPT: integer(100, 100_000_000)
    .default(100_000)
    .describe('transactions kept for each account, about'),
  BANK_STREAM_HEARTBEAT_MS: milliseconds(50, 600_000, 15_000).describe(
    'between two signs of life of a stream',
  ),
  BANK_BODY_MAX_BYTES: integer(256, MIB).default(16_384).describe('the body of a request to the bank'),
} satisfies z.ZodRawShape;
