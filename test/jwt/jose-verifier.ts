import { errors, jwtVerify } from 'jose';
import type { z } from 'zod';
import type { TimedClaims } from '../../src/jwt/claims.ts';
import { encodeHeader, type PublicKey } from '../../src/jwt/signature.ts';
import type { JwtReason, JwtRules } from '../../src/jwt/verify.ts';
import { Refusal } from '../../src/refusal.ts';

/*
 * A second implementation of `src/jwt/verify.ts`, with which it is compared: jose verifies, and a regular expression
 * says what is canonical.
 */

const PART = String.raw`(?=[\w-])(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?`;
const COMPACT_JWS = new RegExp(`^(${PART})\\.(${PART})\\.(${PART})$`);
const MAX_CHARACTERS = 4096;

type Rules<Claims> = JwtRules<Claims> & { schema: z.ZodType<Claims> };

/** Verifies a token with jose. Like our verifier, it refuses as expired only what has no other fault. */
export async function verifyWithJose<Claims extends TimedClaims>(
  rules: Rules<Claims>,
  keys: readonly PublicKey[],
  token: string,
  nowMs: number,
): Promise<Claims | Refusal<JwtReason>> {
  const outcome = await verified(rules, keys, token, nowMs);
  if (!(outcome instanceof Refusal) || outcome.reason !== 'expired') return outcome;
  const otherwise = await verified({ ...rules, acceptExpired: true }, keys, token, nowMs);
  return otherwise instanceof Refusal ? otherwise : outcome;
}

async function verified<Claims extends TimedClaims>(
  rules: Rules<Claims>,
  keys: readonly PublicKey[],
  token: string,
  nowMs: number,
): Promise<Claims | Refusal<JwtReason>> {
  const [, header = '', payload = ''] = COMPACT_JWS.exec(token) ?? [];
  if (header === '' || token.length > (rules.maxCharacters ?? MAX_CHARACTERS)) return new Refusal('spelling');
  const key = keys.find(({ kid }) => encodeHeader(rules.kind, kid) === header);
  if (key === undefined) return new Refusal('header');
  const claims = await joseClaims(rules, key, token, nowMs);
  return claims instanceof Refusal || isCanonicalJson(payload) ? claims : new Refusal('claims');
}

async function joseClaims<Claims extends TimedClaims>(
  rules: Rules<Claims>,
  { keyObject }: PublicKey,
  token: string,
  nowMs: number,
): Promise<Claims | Refusal<JwtReason>> {
  const { kind, issuer, audience, acceptExpired } = rules;
  try {
    const options = { algorithms: [kind.alg], typ: kind.typ, issuer, audience, currentDate: new Date(nowMs) };
    const { payload } = await jwtVerify(token, keyObject, options);
    return checked(rules, payload, nowMs);
  } catch (fault) {
    if (!(fault instanceof errors.JWTExpired)) return refusalFor(fault);
    return acceptExpired === true ? checked(rules, fault.payload, nowMs) : new Refusal('expired');
  }
}

/** What jose leaves open. */
function checked<Claims extends TimedClaims>(
  { schema, maxLifetimeSeconds }: Rules<Claims>,
  payload: unknown,
  nowMs: number,
): Claims | Refusal<'claims'> {
  const { success, data } = schema.safeParse(payload);
  if (!success) return new Refusal('claims');
  const { iat, exp } = data;
  const isTimely = iat <= Math.floor(nowMs / 1000) + 10 && exp > iat && exp - iat <= maxLifetimeSeconds;
  return isTimely ? data : new Refusal('claims');
}

function refusalFor(fault: unknown): Refusal<JwtReason> {
  if (fault instanceof errors.JWSSignatureVerificationFailed) return new Refusal('signature');
  if (fault instanceof errors.JOSEError) return new Refusal('claims');
  throw fault;
}

/** The payload is JSON; jose also reads it behind a byte order mark, `JSON.parse` does not. */
function isCanonicalJson(part: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return Buffer.from(JSON.stringify(value)).toString('base64url') === part;
  } catch {
    return false;
  }
}
