import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { roleSchema, scopeSchema } from '../identity/roles.ts';
import { Memo } from '../memo.ts';
import { Refusal } from '../refusal.ts';
import { ALGORITHM, type KeyRing } from './key-ring.ts';
import { isCanonicalJson, splitToken } from './spelling.ts';

/** The media type of an assertion's header. An access token can't pass for one, nor the reverse (RFC 8725, 3.11). */
export const ASSERTION_TYPE = 'portcullis-assertion+jwt';

const ISSUED_AT_TOLERANCE_SECONDS = 10;
const LIFETIME_MOST_SECONDS = 60;
const VERIFIED_REMEMBERED = 10_000;
const JWKS_TIMEOUT_MS = 900;

const seconds = z.int().nonnegative();

/**
 * What the gateway tells the service behind it about a request: who asks, in which session and role, with which
 * scopes (`scope` as in RFC 9068, section 2.2.3: names divided by single spaces).
 */
const assertionClaims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.string().min(1).max(128),
  sid: z.string().min(1).max(128),
  role: roleSchema,
  scope: z
    .string()
    .transform((scope) => scope.split(' '))
    .pipe(z.array(scopeSchema)),
  iat: seconds,
  exp: seconds,
});

export type AssertionClaims = z.output<typeof assertionClaims>;
const CLAIM_NAMES = Object.keys(assertionClaims.shape);

/** Signs an assertion with the ring's signing key. */
export function signAssertion(ring: KeyRing, claims: AssertionClaims): Promise<string> {
  return new SignJWT({ ...claims, scope: claims.scope.join(' ') })
    .setProtectedHeader({ alg: ALGORITHM, typ: ASSERTION_TYPE, kid: ring.signing.kid })
    .sign(ring.signing.privateKey);
}

/** The gateway's public keys can't be fetched, so nothing can be verified. Whoever meets it answers 503. */
export class KeysUnavailable extends Error {
  readonly code = 'keys_unavailable';
  override readonly name = 'KeysUnavailable';
}

export interface AssertionVerifier {
  /**
   * The claims of a genuine, unexpired assertion for this service.
   * @throws {KeysUnavailable} when the gateway's keys are needed and can't be had.
   */
  verify(token: string, nowMs: number): Promise<AssertionClaims | Refusal<'assertion_invalid'>>;
}

export interface ExpectedAssertion {
  /** The gateway's issuer URL, compared exactly. */
  issuer: string;
  /** This service's name, compared exactly. */
  audience: string;
  /** Where the gateway's public keys are. */
  jwksUrl: string;
}

/** A verifier for the service behind the gateway. It remembers what it verified until the assertion expires. */
export function createAssertionVerifier(expected: ExpectedAssertion): AssertionVerifier {
  const keys = createRemoteJWKSet(new URL(expected.jwksUrl), { timeoutDuration: JWKS_TIMEOUT_MS });
  const verified = new Memo<AssertionClaims>(VERIFIED_REMEMBERED);
  return {
    async verify(token, nowMs) {
      const remembered = verified.get(token);
      if (remembered !== undefined && remembered.exp * 1000 > nowMs) return remembered;
      const parts = splitToken(token);
      if (parts === undefined) return new Refusal('assertion_invalid', 'spelling');
      if (!isCanonicalJson(parts.header)) return new Refusal('assertion_invalid', 'header');
      const claims = await verifyWithJose(token, keys, expected, nowMs);
      if (claims instanceof Refusal) return claims;
      if (!isCanonicalJson(parts.payload)) return new Refusal('assertion_invalid', 'payload');
      verified.set(token, claims);
      return claims;
    },
  };
}

async function verifyWithJose(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience }: ExpectedAssertion,
  nowMs: number,
): Promise<AssertionClaims | Refusal<'assertion_invalid'>> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: [ALGORITHM],
      typ: ASSERTION_TYPE,
      requiredClaims: CLAIM_NAMES,
      clockTolerance: 0,
      currentDate: new Date(nowMs),
    });
    if (Object.keys(protectedHeader).length !== 3) return new Refusal('assertion_invalid', 'header');
    return judgeClaims(payload, nowMs);
  } catch (fault) {
    if (isTokensFault(fault)) return new Refusal('assertion_invalid', fault.code);
    throw new KeysUnavailable("the gateway's public keys can't be fetched", { cause: fault });
  }
}

function judgeClaims(payload: unknown, nowMs: number): AssertionClaims | Refusal<'assertion_invalid'> {
  const parsed = assertionClaims.safeParse(payload);
  if (!parsed.success) return new Refusal('assertion_invalid', parsed.error.issues[0]?.path.join('.'));
  const { iat, exp } = parsed.data;
  if (iat > Math.floor(nowMs / 1000) + ISSUED_AT_TOLERANCE_SECONDS)
    return new Refusal('assertion_invalid', 'iat');
  if (exp - iat > LIFETIME_MOST_SECONDS) return new Refusal('assertion_invalid', 'lifetime');
  return parsed.data;
}

/** jose reports a token that is wrong and a key set that can't be had through the same family of errors. */
function isTokensFault(fault: unknown): fault is errors.JOSEError {
  if (!(fault instanceof errors.JOSEError)) return false;
  return !(
    fault instanceof errors.JWKSTimeout ||
    fault instanceof errors.JWKSInvalid ||
    fault.code === 'ERR_JOSE_GENERIC'
  );
}
