import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { integer } from './fields.ts';

/** The smallest parameters of argon2id that OWASP recommends for one lane: 19 MiB and two passes. */
const OWASP_MEMORY_KIB = 19_456;
const OWASP_PASSES = 2;

/** The gateway's settings for passwords: which are accepted, and how they are hashed. */
export const passwordsShape = {
  PASSWORD_MIN_CHARACTERS: integer(8, 64)
    .default(15)
    .describe(
      'minimum length of a new password in characters; less than 15 only if there is a second factor (NIST SP 800-63B-4)',
    ),
  PASSWORD_MIN_SCORE: integer(2, 4)
    .default(4)
    .describe(
      'minimum zxcvbn score of a new password: 2, 3 or 4 for more than 10⁶, 10⁸ or 10¹⁰ guesses; few passwords of 8 characters reach 4',
    ),
  PASSWORD_PEPPER: z
    .string()
    .optional()
    .describe(
      'keys that password hashes are authenticated with, each at least 32 random bytes in base64url, separated by commas or white space; the first is used for new hashes, all verify',
    ),
  PASSWORD_MEMORY_KIB: integer(OWASP_MEMORY_KIB, 1_048_576)
    .default(OWASP_MEMORY_KIB)
    .describe('memory for an argon2id hash in KiB; a weaker hash is replaced at the next login'),
  PASSWORD_PASSES: integer(OWASP_PASSES, 64)
    .default(OWASP_PASSES)
    .describe('passes of argon2id over the memory; a weaker hash is replaced at the next login'),
  PASSWORD_WORKERS: integer(1, 64)
    .default(Math.max(1, availableParallelism() - 1))
    .describe('number of threads that hash passwords; defaults to one less than the number of cores'),
  PASSWORD_QUEUE_MAX: integer(1, 10_000)
    .default(256)
    .describe(
      'maximum logins and registrations that wait for a password thread; a quarter is reserved for known devices',
    ),
  PASSWORD_QUEUE_PER_NETWORK_MAX: integer(1, 10_000)
    .default(64)
    .describe('maximum of these per network: an IPv4 address or an IPv6 /48'),
  PASSWORD_QUEUE_TIMEOUT_MS: integer(100, 60_000)
    .default(10_000)
    .describe('how long a login or registration waits for a password thread before 429'),
} satisfies z.ZodRawShape;
