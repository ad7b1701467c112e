import { z } from 'zod';
import { revocationShape } from './confirmation.ts';
import {
  audience,
  forwardableHeaders,
  host,
  httpOrigin,
  integer,
  milliseconds,
  oneOf,
  origins,
  processCount,
  text,
} from './fields.ts';
import { dpopShape } from './gateway-dpop.ts';
import { limitsShape } from './gateway-limits.ts';
import { mailShape } from './gateway-mail.ts';
import { passwordsShape } from './gateway-passwords.ts';
import { proxiesShape } from './gateway-proxies.ts';
import { ratesShape } from './gateway-rates.ts';
import { usersShape } from './gateway-users.ts';
import { sharedShape } from './shared.ts';
import { tracingShape } from './tracing.ts';

/** The settings of `portcullis gateway`, by environment variable. The descriptions are shown in the documentation. */
export const gatewayShape = {
  ...sharedShape,
  GATEWAY_HOST: host().default('127.0.0.1').describe('address to listen on'),
  GATEWAY_PORT: integer(0, 65_535).default(8080).describe('port to listen on'),
  HEALTH_HOST: host()
    .default('127.0.0.1')
    .describe('address of the private listener for health checks and monitoring'),
  HEALTH_PORT: integer(0, 65_535)
    .default(9464)
    .describe(
      'port of the private listener; several gateways on one machine need one each; 0 is any free one',
    ),
  WORKERS: processCount(256)
    .default(1)
    .describe(
      'number of processes that serve requests: `auto` is one for each core; limits and totals are for all of them together (docs/operations.md)',
    ),
  WORKER_TIMEOUT_MS: milliseconds(1000, 600_000, 10_000).describe(
    'how long one of several workers may not answer before it is killed and replaced; it can take a quarter longer',
  ),
  AUDIENCE: audience().default('portcullis-api').describe('`aud` of access tokens'),
  BANK_URL: httpOrigin()
    .default('http://127.0.0.1:8081')
    .describe('origin of the upstream that `/bank/**` is proxied to'),
  FORWARD_HEADERS: forwardableHeaders()
    .default([])
    .describe(
      'names of request headers that the upstream gets besides the standard ones, separated by commas',
    ),
  REDIRECT_ORIGINS: origins()
    .default([])
    .describe('other origins that a `Location` of the upstream may refer to, separated by commas'),
  POLICY_FILE: z
    .string()
    .optional()
    .describe('JSON file with the access rules for `/bank/**` (docs/operations.md)'),
  DATA_DIR: z.string().default('.data').describe('directory for generated keys outside production'),
  SIGNING_KEY: z
    .string()
    .optional()
    .describe(
      'private keys in PEM (PKCS #8): RSA of at least 2048 bits, and for each an EC key on P-256, which signs assertions; the first of each kind signs, all verify',
    ),
  KEYS_DIR: z
    .string()
    .optional()
    .describe(
      'directory of a key ring, instead of `SIGNING_KEY`; defaults to `keys` in `DATA_DIR` outside production',
    ),
  KEY_PUBLISH_LEAD_SECONDS: integer(1, 86_400)
    .default(120)
    .describe(
      'how long a new key is published before it signs; must exceed the time that others cache the key set',
    ),
  ACCESS_TOKEN_TTL_SECONDS: integer(5, 2_592_000).default(300).describe('lifetime of an access token'),
  ASSERTION_TTL_SECONDS: integer(5, 15)
    .default(15)
    .describe("lifetime of the gateway's assertion to the upstream"),
  REFRESH_KEY: text(/^[\w-]{43,}$/, 'at least 32 random bytes in base64url')
    .optional()
    .describe('key that authenticates refresh tokens: at least 32 random bytes in base64url'),
  SIGNATURE_MEMO_MAX_BYTES: integer(0, 1_073_741_824)
    .default(0)
    .describe(
      'memory in bytes to remember tokens whose signature has been verified, 32 for each; 0 verifies every signature every time',
    ),
  ASSERTION_CACHE_MAX_BYTES: integer(0, 1_073_741_824)
    .default(16_777_216)
    .describe('memory in bytes for assertions that are used for several requests'),
  ...passwordsShape,
  ...usersShape,
  ...dpopShape,
  ...mailShape,
  WEB_APP: oneOf('on', 'off').default('on').describe('whether `/` serves the web app: `on` or `off`'),
  HSTS_MAX_AGE_SECONDS: integer(0, 63_072_000)
    .default(31_536_000)
    .describe('HSTS max-age; the header is not sent if this is 0 or `ISSUER` is an http URL'),
  ...proxiesShape,
  AUDIT_RECORDS_MAX: integer(100, 100_000_000)
    .default(1_000_000)
    .describe('approximate number of records kept in the audit log of staff, operators and security events'),
  AUDIT_CUSTOMER_RECORDS_MAX: integer(100, 100_000_000)
    .default(1_000_000)
    .describe("approximate number of records kept in the audit log of customers' actions"),
  AUDIT_UNEXPORTED_PERCENT: integer(100, 1000)
    .default(200)
    .describe(
      'maximum length of an audit log while its records have not been exported, in percent of its number of records',
    ),
  AUDIT_RECORDS_PER_ACTOR_PER_MINUTE: integer(1, 100_000)
    .default(60)
    .describe(
      'audit records of one actor per minute and gateway process; further actions become one summary',
    ),
  ...revocationShape,
  ...limitsShape,
  ...ratesShape,
  ...tracingShape,
} satisfies z.ZodRawShape;
