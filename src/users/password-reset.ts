import { randomBytes } from 'node:crypto';
import { RESET_AUDIENCE, RESET_TTL_SECONDS, signResetToken, verifyResetToken } from '../jwt/reset-token.ts';
import type { RingSource } from '../keys/ring.ts';
import type { Mail } from '../mail/mailer.ts';
import type { RedisLink } from '../redis/connection.ts';
import { resetKey, userKey } from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed } from './authorization.ts';
import { WRITE_RESET } from './scripts.ts';
import { changeUser } from './update.ts';
import { findUser, type User } from './users.ts';

export interface ResetDeps {
  redis: RedisLink;
  ring: RingSource;
  issuer: string;
}

/**
 * A one-time token with which the user can set a new password: signed, whitelisted, then given out. It replaces
 * the one before.
 * @throws {RedisUnavailable}
 */
export async function issueResetToken(
  { redis, ring, issuer }: ResetDeps,
  userId: string,
  nowMs: number,
): Promise<string | Refusal<'user_not_active'>> {
  const iat = Math.floor(nowMs / 1000);
  const jti = randomBytes(16).toString('base64url');
  const times = { iat, exp: iat + RESET_TTL_SECONDS };
  const claims = { iss: issuer, aud: RESET_AUDIENCE, sub: userId, jti, ...times } as const;
  const token = await signResetToken(ring.at(nowMs), claims);
  const args = [jti, String(times.exp), resetKey(userId, '')];
  const outcome = await runScript(redis, WRITE_RESET, [userKey(userId), resetKey(userId, jti)], args);
  return outcome === 1 ? token : new Refusal('user_not_active');
}

/** Who may set a new password with this token now, and its id. @throws {RedisUnavailable} */
export async function verifyReset(
  { redis, ring, issuer }: ResetDeps,
  { token, address }: { token: string; address: string },
  nowMs: number,
): Promise<{ user: User; jti: string } | Refusal<'reset_invalid'>> {
  const claims = await verifyResetToken(ring.at(nowMs), issuer, token, nowMs);
  if (claims instanceof Refusal) return claims;
  const user = await findUser(redis, claims.sub);
  const fault = resetFault(user, claims.jti, address);
  if (user === undefined || fault !== undefined) return new Refusal('reset_invalid', fault);
  return { user, jti: claims.jti };
}

function resetFault(user: User | undefined, jti: string, address: string): string | undefined {
  if (user?.status !== 'active') return 'user_not_active';
  if (user.resetJti !== jti) return 'used or replaced';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}

/**
 * Uses a reset token up: the password is changed, and all sessions of the user are over.
 * @throws {RedisUnavailable}
 */
export async function consumeResetToken(
  redis: RedisLink,
  { user, jti }: { user: User; jti: string },
  passwordHash: string,
): Promise<User | Refusal<'reset_invalid'>> {
  const outcome = await changeUser(redis, user.id, (present) =>
    present.resetJti === jti && present.status === 'active'
      ? { set: { passwordHash }, end: 'all', spendReset: jti }
      : new Refusal('reset_invalid', 'used or replaced'),
  );
  return outcome instanceof Refusal ? new Refusal('reset_invalid', outcome.detail) : outcome;
}

/** Who asked for a reset, which is what its mail tells. */
const WHY = {
  user: {
    first: 'Somebody asked for a new password for your account.',
    last: 'If it was not you, there is nothing to do: your password is as it was.',
  },
  staff: {
    first: 'All your sessions were ended, and your password does not work any more.',
    last: 'If this surprises you, ask the bank: somebody there has done it.',
  },
};

/** `resetUrl` has `{token}` where the token belongs: in the fragment, which browsers send to nobody. */
export const resetMail = (
  to: string,
  { resetUrl, token, askedBy }: { resetUrl: string; token: string; askedBy: keyof typeof WHY },
): Mail => ({
  to,
  subject: 'Set a new password',
  text: [
    WHY[askedBy].first,
    '',
    `To set a new one, open this within ${RESET_TTL_SECONDS / 60} minutes. It works once:`,
    '',
    resetUrl.replaceAll('{token}', token),
    '',
    WHY[askedBy].last,
    '',
  ].join('\n'),
});
