import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ALGORITHM, type KeyRing, type RingKey } from '../keys/key-ring.ts';
import { Refusal } from '../refusal.ts';
import { encodePart, isCanonicalJson, splitToken } from './canonical.ts';

/** The media type of the header: no other token of this gateway passes for this one, nor the reverse (RFC 8725, 3.11). */
export const RESET_TYPE = 'portcullis-reset+jwt';
export const RESET_AUDIENCE = 'portcullis-password-reset';
export const RESET_TTL_SECONDS = 600;

/** For the clocks of several gateway machines. `exp` gets no tolerance. */
const ISSUED_AT_TOLERANCE_SECONDS = 10;

const seconds = z.int().nonnegative();
const random128 = z.string().regex(/^[\w-]{22}$/);

const resetClaims = z.strictObject({
  iss: z.string(),
  aud: z.literal(RESET_AUDIENCE),
  sub: random128,
  jti: random128,
  iat: seconds,
  exp: seconds,
});

export type ResetClaims = z.output<typeof resetClaims>;
const CLAIM_NAMES = Object.keys(resetClaims.shape);

/** Signs a one-time token that lets its holder set a new password for `sub`. */
export function signResetToken(ring: KeyRing, claims: ResetClaims): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader(headerOf(ring.signing)).sign(ring.signing.privateKey);
}

/** The claims of a genuine, unexpired reset token. Whether it was used already, only Redis knows. */
export async function verifyResetToken(
  ring: KeyRing,
  issuer: string,
  token: string,
  nowMs: number,
): Promise<ResetClaims | Refusal<'reset_invalid'>> {
  const parts = splitToken(token);
  if (parts === undefined) return new Refusal('reset_invalid', 'spelling');
  const key = ring.all.find((candidate) => encodePart(headerOf(candidate)) === parts.header);
  if (key === undefined) return new Refusal('reset_invalid', 'header');
  const claims = await verifyWithJose(token, key, issuer, nowMs);
  if (claims instanceof Refusal || isCanonicalJson(parts.payload)) return claims;
  return new Refusal('reset_invalid', 'not canonical JSON');
}

async function verifyWithJose(
  token: string,
  key: RingKey,
  issuer: string,
  nowMs: number,
): Promise<ResetClaims | Refusal<'reset_invalid'>> {
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      issuer,
      audience: RESET_AUDIENCE,
      algorithms: [ALGORITHM],
      typ: RESET_TYPE,
      requiredClaims: CLAIM_NAMES,
      clockTolerance: 0,
      currentDate: new Date(nowMs),
    });
    return judgeClaims(payload, nowMs);
  } catch (fault) {
    if (fault instanceof errors.JOSEError) return new Refusal('reset_invalid', fault.code);
    throw fault;
  }
}

function judgeClaims(payload: unknown, nowMs: number): ResetClaims | Refusal<'reset_invalid'> {
  const parsed = resetClaims.safeParse(payload);
  if (!parsed.success)
    return new Refusal('reset_invalid', parsed.error.issues[0]?.path.join('.') || 'unknown');
  const { iat, exp } = parsed.data;
  if (iat > Math.floor(nowMs / 1000) + ISSUED_AT_TOLERANCE_SECONDS)
    return new Refusal('reset_invalid', 'iat');
  if (exp <= iat || exp - iat > RESET_TTL_SECONDS) return new Refusal('reset_invalid', 'lifetime');
  return parsed.data;
}

const headerOf = (key: RingKey) => ({ alg: ALGORITHM, typ: RESET_TYPE, kid: key.kid });
