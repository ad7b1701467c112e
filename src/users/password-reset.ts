import { randomBytes } from 'node:crypto';
import { RESET_AUDIENCE, RESET_TTL_SECONDS, signResetToken, verifyResetToken } from '../jwt/reset-token.ts';
import type { RingSource } from '../keys/ring.ts';
import type { Mail } from '../mail/mailer.ts';
import { resetKey, userKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed } from './authorization.ts';
import { changeUser } from './update.ts';
import { findUser, type User } from './users.ts';

export interface ResetDeps {
  redis: RedisStore;
  ring: RingSource;
  issuer: string;
}

/** The value of a reset that the user requested. */
const BY_USER = '1';

/**
 * Whitelists a reset token and revokes the previous one. KEYS: user, the token's key. ARGV: jti, exp (s), prefix of
 * reset keys, minimum age (s), who caused it. Returns 1; 0 if the user is not active; 2 if the previous token is younger
 * than the minimum age, so that it stays valid.
 */
const WRITE_RESET = defineScript(
  'user-reset',
  `
local jti, exp, resetPrefix, minAge, via = unpack(ARGV)
local status, previous = unpack(redis.call('HMGET', KEYS[1], 'status', 'resetJti'))
if status ~= 'active' then return 0 end
minAge = tonumber(minAge)
local isRecent = previous and minAge > 0 and redis.call('EXPIRETIME', resetPrefix .. previous) > tonumber(exp) - minAge
if isRecent then return 2 end
if previous then redis.call('DEL', resetPrefix .. previous) end
redis.call('HSET', KEYS[1], 'resetJti', jti)
redis.call('HINCRBY', KEYS[1], 'ver', 1)
redis.call('SET', KEYS[2], via, 'EXAT', exp)
return 1
`,
);

/**
 * Issues a one-time token for setting a new password: signed, then whitelisted, then returned. It replaces the previous
 * one, unless that is younger than `minAgeSeconds`: somebody else may have requested this one. `via` says who caused it,
 * if not the user. @throws {RedisUnavailable}
 */
export async function issueResetToken(
  { redis, ring, issuer }: ResetDeps,
  userId: string,
  nowMs: number,
  { minAgeSeconds = 0, via = BY_USER }: { minAgeSeconds?: number; via?: string } = {},
): Promise<string | Refusal<'user_not_active' | 'reset_recent'>> {
  const iat = Math.floor(nowMs / 1000);
  const jti = randomBytes(16).toString('base64url');
  const times = { iat, exp: iat + RESET_TTL_SECONDS };
  const claims = { iss: issuer, aud: RESET_AUDIENCE, sub: userId, jti, ...times } as const;
  const token = await signResetToken(ring.at(nowMs), claims);
  const args = [jti, String(times.exp), resetKey(userId, ''), String(minAgeSeconds), via];
  const outcome = await runScript(redis, WRITE_RESET, [userKey(userId), resetKey(userId, jti)], args);
  if (outcome === 1) return token;
  return new Refusal(outcome === 2 ? 'reset_recent' : 'user_not_active');
}

export interface VerifiedReset {
  user: User;
  jti: string;
  /** Who caused the reset, if not the user: `staff reset by` and an id. */
  via: string | undefined;
}

/** The user who can set a new password with this token, and the token's id. @throws {RedisUnavailable} */
export async function verifyReset(
  { redis, ring, issuer }: ResetDeps,
  { token, address }: { token: string; address: string },
  nowMs: number,
): Promise<VerifiedReset | Refusal<'reset_invalid'>> {
  const claims = await verifyResetToken(ring.at(nowMs), issuer, token, nowMs);
  if (claims instanceof Refusal) return claims;
  const user = await findUser(redis, claims.sub);
  const fault = resetFault(user, claims.jti, address);
  if (user === undefined || fault !== undefined) return new Refusal('reset_invalid', fault);
  const via = await redis.runFor(userKey(user.id), (client) => client.get(resetKey(user.id, claims.jti)));
  if (via === null) return new Refusal('reset_invalid', 'used or replaced');
  return { user, jti: claims.jti, via: via === BY_USER ? undefined : via };
}

function resetFault(user: User | undefined, jti: string, address: string): string | undefined {
  if (user?.status !== 'active') return 'user_not_active';
  if (user.resetJti !== jti) return 'used or replaced';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}

/**
 * Consumes a reset token: changes the password and ends all sessions of the user. Token, user and client address are
 * checked again. @throws {RedisUnavailable}
 */
export async function consumeResetToken(
  redis: RedisStore,
  { user, jti, via }: VerifiedReset,
  { passwordHash, address }: { passwordHash: string; address: string },
): Promise<User | Refusal<'reset_invalid'>> {
  const outcome = await changeUser(redis, user.id, (current) => {
    const fault = resetFault(current, jti, address);
    return fault === undefined
      ? { set: { passwordHash, passwordVia: via }, end: 'all', consumeReset: jti }
      : new Refusal('reset_invalid', fault);
  });
  return outcome instanceof Refusal ? new Refusal('reset_invalid', outcome.detail) : outcome;
}

/** For audit records of the user: who else had a part in the password. */
export const viaDetail = ({ passwordVia }: Pick<User, 'passwordVia'>): string | undefined =>
  passwordVia === undefined ? undefined : `via: ${passwordVia}`;

/** The first and last line of the email, by who requested the reset. */
const LINES = {
  user: {
    first: 'We received a request to reset the password of your account.',
    last: 'If you did not request this, you can ignore this email. Your password has not been changed.',
  },
  staff: {
    first:
      'Your password was reset by our staff. Your current password no longer works, and you have been signed out on all devices.',
    last: 'If you did not expect this, please contact us.',
  },
};

/** `resetUrl` contains `{token}` as a placeholder, in the fragment, which browsers do not send to any server. */
export const resetMail = (
  to: string,
  { resetUrl, token, askedBy }: { resetUrl: string; token: string; askedBy: keyof typeof LINES },
): Mail => ({
  to,
  subject: 'Reset your password',
  text: [
    LINES[askedBy].first,
    '',
    `Open this link to choose a new password. It works once and expires in ${RESET_TTL_SECONDS / 60} minutes:`,
    '',
    resetUrl.replaceAll('{token}', token),
    '',
    LINES[askedBy].last,
    '',
  ].join('\n'),
});
