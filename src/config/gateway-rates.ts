import type { z } from 'zod';
import { integer } from './fields.ts';

/** How many requests the gateway accepts per time, from one network and from one user. Each process counts its own. */
export const ratesShape = {
  REQUESTS_PER_NETWORK_PER_SECOND: integer(0, 1_000_000)
    .default(500)
    .describe(
      'requests per second of one IPv4 address or IPv6 /64 (a /56 twice, a /48 four times as many), except of `TRUSTED_PROXIES`, before 429; 0 is unlimited',
    ),
  REQUESTS_PER_NETWORK_BURST: integer(1, 1_000_000)
    .default(2000)
    .describe('requests that a network may send at once, if it has sent none before'),
  REQUESTS_PER_USER_PER_SECOND: integer(0, 1_000_000)
    .default(50)
    .describe('requests per second of one user before 429; 0 is unlimited'),
  REQUESTS_PER_USER_BURST: integer(1, 1_000_000)
    .default(200)
    .describe('requests that a user may send at once, after having sent none'),
  TRANSFERS_PER_USER_PER_MINUTE: integer(0, 1_000_000)
    .default(60)
    .describe('requests per minute of one user by rules of the kind `transfer` before 429; 0 is unlimited'),
  SESSION_CHANGES_PER_MINUTE: integer(0, 1_000_000)
    .default(60)
    .describe(
      'refreshes, ended sessions, changes of password or email address and writes of session data per minute of one session before 429; 0 is unlimited',
    ),
  SEARCHES_PER_USER_MAX: integer(1, 65_535)
    .default(3)
    .describe('maximum concurrent requests of one user by rules of the kind `search`'),
} satisfies z.ZodRawShape;
