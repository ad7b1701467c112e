import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { random128, seconds } from './claims.ts';
import { type KeySet, signJwt } from './signature.ts';
import { createJwtVerifier } from './verify.ts';

/** The `typ` of a password reset token. */
export const RESET_TYPE = 'portcullis-reset+jwt';
const RESET_TOKEN = { typ: RESET_TYPE, alg: 'PS256' } as const;
export const RESET_AUDIENCE = 'portcullis-password-reset';
export const RESET_TTL_SECONDS = 600;

const resetClaims = z.strictObject({
  iss: z.string(),
  aud: z.literal(RESET_AUDIENCE),
  sub: random128,
  jti: random128,
  iat: seconds,
  exp: seconds,
});

export type ResetClaims = z.output<typeof resetClaims>;

/** Signs a one-time token that lets its holder set a new password for `sub`. */
export const signResetToken = (keys: KeySet, claims: ResetClaims): Promise<string> =>
  signJwt(keys, RESET_TOKEN, claims);

/** The claims of a genuine, unexpired reset token. Whether it has been used is recorded only in Redis. */
export function verifyResetToken(
  keys: KeySet,
  issuer: string,
  token: string,
  nowMs: number,
): ResetClaims | Refusal<'reset_invalid'> {
  const rules = {
    kind: RESET_TOKEN,
    schema: resetClaims,
    issuer,
    audience: RESET_AUDIENCE,
    maxLifetimeSeconds: RESET_TTL_SECONDS,
  };
  const claims = createJwtVerifier(rules, keys.all)(token, nowMs);
  if (claims instanceof Refusal) return new Refusal('reset_invalid', claims.detail ?? claims.reason);
  return claims;
}
