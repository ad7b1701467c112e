import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed } from './authorization.ts';
import { changeUser } from './update.ts';
import type { PendingEmail, User } from './users.ts';

/** The user's id and 256 random bits. */
const TOKEN = /^([\w-]{22})\.([\w-]{43})$/;

/** An address that waits for its confirmation, and the token that confirms it, of which only the hash is stored. */
export interface NewPendingEmail {
  pendingEmail: PendingEmail;
  /** The token for a user. */
  tokenFor(userId: string): string;
}

/** `ttlSeconds`: how long the token can be used. */
export function pendingEmail(address: string, ttlSeconds: number, nowMs: number): NewPendingEmail {
  const secret = randomBytes(32).toString('base64url');
  return {
    pendingEmail: { address, tokenHash: hashOf(secret), expiresAt: Math.floor(nowMs / 1000) + ttlSeconds },
    tokenFor: (userId) => `${userId}.${secret}`,
  };
}

/** Who requests a change: the session and its token, the user's generation then, and the address of the client. */
interface EmailChangeRequest {
  userId: string;
  generation: number;
  sid: string;
  jti: string;
  address: string;
}

/**
 * Replaces the address that waits for confirmation, and revokes its token. The confirmed address stays in use. Refused if
 * all sessions of the user were ended since `generation`, or the user may no longer connect from `address`. @throws {RedisUnavailable}
 */
export const requestEmailChange = (
  redis: RedisStore,
  { userId, generation, sid, jti, address }: EmailChangeRequest,
  pending: PendingEmail,
) =>
  changeUser<'session_over' | 'address_refused'>(redis, userId, (user) => {
    if (user.status !== 'active' || user.generation !== generation) return new Refusal('session_over');
    if (!isAddressAllowed(user, address)) return new Refusal('address_refused');
    return { set: { pendingEmail: pending }, whileActive: { keepSid: sid, keepJti: jti } };
  });

/**
 * Consumes a confirmation token: the address becomes that of the user, and a password reset that was sent to the
 * previous one can no longer be used. Returns the user and the previous address. @throws {RedisUnavailable}
 */
export async function confirmEmail(
  redis: RedisStore,
  token: string,
  nowMs: number,
): Promise<{ user: User; previous: string | undefined } | Refusal<'email_token_invalid'>> {
  const [, userId = '', secret = ''] = TOKEN.exec(token) ?? [];
  if (userId === '') return new Refusal('email_token_invalid', 'malformed');
  let previous: string | undefined;
  const user = await changeUser(redis, userId, ({ email, status, pendingEmail: pending }) => {
    if (status !== 'active' || pending === undefined || !isTokenOf(pending, secret, nowMs))
      return new Refusal('email_token_invalid', 'used, replaced or expired');
    previous = email;
    return { set: { email: pending.address, pendingEmail: undefined, resetJti: undefined } };
  });
  return user instanceof Refusal ? new Refusal('email_token_invalid', user.reason) : { user, previous };
}

function isTokenOf({ tokenHash, expiresAt }: PendingEmail, secret: string, nowMs: number): boolean {
  if (tokenHash === undefined || expiresAt === undefined || expiresAt * 1000 <= nowMs) return false;
  const [expected, given] = [Buffer.from(tokenHash), Buffer.from(hashOf(secret))];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
