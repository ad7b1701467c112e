import { z } from 'zod';
import { RedisUnavailable } from '../redis/connection.ts';
import { roleSchema } from './roles.ts';

const readJson = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : undefined);

/** An email address that is not confirmed. Without a token, because no email could be sent, it cannot be. */
const pendingEmailSchema = z.strictObject({
  address: z.string(),
  /** SHA-256 of the token that confirms it, in base64url. */
  tokenHash: z.string().optional(),
  /** In seconds since the epoch. */
  expiresAt: z.int().optional(),
});
export type PendingEmail = z.output<typeof pendingEmailSchema>;

/** The fields under `userKey`. */
const storedUser = z
  .object({
    username: z.string(),
    displayName: z.string(),
    passwordHash: z.string(),
    role: roleSchema,
    status: z.enum(['active', 'blocked']),
    created: z.iso.datetime(),
    gen: z.coerce.number(),
    ver: z.coerce.number(),
    email: z.string().optional(),
    pendingEmail: z.preprocess(readJson, pendingEmailSchema.optional()),
    passwordVia: z.string().optional(),
    ranges: z.preprocess(readJson, z.array(z.string()).min(1).optional()),
    resetJti: z.string().optional(),
  })
  .transform(({ gen: generation, ver: version, ...rest }) => ({ ...rest, generation, version }));

/**
 * A user. `passwordHash` is what `PasswordHasher.hash` returned, `created` is ISO 8601, `generation` counts how often all
 * sessions were ended at once, `version` counts changes, and `resetJti` is the id of the reset token that can be used.
 * `email` is confirmed, by its owner or by staff. `passwordVia` says who else had a part in the password, until the user
 * changes it.
 */
export interface User extends z.output<typeof storedUser> {
  /** Opaque: 128 random bits, base64url. It is the `sub` of the user's tokens. */
  id: string;
}

/** @throws {RedisUnavailable} if the fields are not those of a user */
export function readUser(id: string, stored: Record<string, string>): User {
  try {
    return { id, ...storedUser.parse(stored) };
  } catch (cause) {
    throw new RedisUnavailable('a user in Redis is malformed', { cause });
  }
}
