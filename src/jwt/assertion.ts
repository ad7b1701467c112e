import { errors, type FlattenedJWSInput, type JWSHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ALGORITHM, type KeyRing } from '../keys/key-ring.ts';
import { RemoteKeys } from '../keys/remote-keys.ts';
import { Memo } from '../memo.ts';
import { Refusal } from '../refusal.ts';
import { roleSchema, scopeSchema } from '../users/roles.ts';
import { isCanonicalJson, splitToken } from './canonical.ts';

/** The media type of an assertion's header. An access token can't pass for one, nor the reverse (RFC 8725, 3.11). */
export const ASSERTION_TYPE = 'portcullis-assertion+jwt';

const ISSUED_AT_TOLERANCE_SECONDS = 10;
const MAX_LIFETIME_SECONDS = 60;
const VERIFIED_CACHE_SIZE = 10_000;

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

/** An assertion that was verified, and the key that it is good as long as. */
interface Verified {
  claims: AssertionClaims;
  kid: string;
}

/**
 * A verifier for the service behind the gateway. It remembers what it verified until the assertion expires or its
 * key is gone from the published set (how soon that is noticed, {@link RemoteKeys} tells).
 */
export function createAssertionVerifier(expected: ExpectedAssertion): AssertionVerifier {
  const keys = new RemoteKeys(expected.jwksUrl);
  const remembered = new Memo<Verified>(VERIFIED_CACHE_SIZE);
  return {
    async verify(token, nowMs) {
      const known = remembered.get(token);
      if (known !== undefined && known.claims.exp * 1000 > nowMs && keys.has(known.kid, nowMs))
        return known.claims;
      const parts = splitToken(token);
      if (parts === undefined) return new Refusal('assertion_invalid', 'spelling');
      if (!isCanonicalJson(parts.header)) return new Refusal('assertion_invalid', 'header');
      const verified = await verifyWithJose(token, keys, expected, nowMs);
      if (verified instanceof Refusal) return verified;
      if (!isCanonicalJson(parts.payload)) return new Refusal('assertion_invalid', 'payload');
      remembered.set(token, verified);
      return verified.claims;
    },
  };
}

async function verifyWithJose(
  token: string,
  keys: RemoteKeys,
  { issuer, audience }: ExpectedAssertion,
  nowMs: number,
): Promise<Verified | Refusal<'assertion_invalid'>> {
  try {
    const findKey = (header: JWSHeaderParameters, input: FlattenedJWSInput) =>
      keys.find(header, input, nowMs);
    const { payload, protectedHeader } = await jwtVerify(token, findKey, {
      issuer,
      audience,
      algorithms: [ALGORITHM],
      typ: ASSERTION_TYPE,
      requiredClaims: CLAIM_NAMES,
      clockTolerance: 0,
      currentDate: new Date(nowMs),
    });
    if (Object.keys(protectedHeader).length !== 3) return new Refusal('assertion_invalid', 'header');
    const claims = judgeClaims(payload, nowMs);
    return claims instanceof Refusal ? claims : { claims, kid: protectedHeader.kid ?? '' };
  } catch (fault) {
    if (fault instanceof errors.JOSEError) return new Refusal('assertion_invalid', fault.code);
    throw fault;
  }
}

function judgeClaims(payload: unknown, nowMs: number): AssertionClaims | Refusal<'assertion_invalid'> {
  const parsed = assertionClaims.safeParse(payload);
  if (!parsed.success) return new Refusal('assertion_invalid', parsed.error.issues[0]?.path.join('.'));
  const { iat, exp } = parsed.data;
  if (iat > Math.floor(nowMs / 1000) + ISSUED_AT_TOLERANCE_SECONDS)
    return new Refusal('assertion_invalid', 'iat');
  if (exp - iat > MAX_LIFETIME_SECONDS) return new Refusal('assertion_invalid', 'lifetime');
  return parsed.data;
}
