import QuickLRU from 'quick-lru';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { type KeySet, type PublicKey, signJwt } from './signature.ts';
import { isExpired, seconds, type VerifiedJwt, verifyJwt } from './verify.ts';

/** The `typ` of an assertion. */
export const ASSERTION_TYPE = 'portcullis-assertion+jwt';

const MAX_LIFETIME_SECONDS = 60;
/** The most verified assertions that are cached. */
const VERIFIED_CACHE_SIZE = 10_000;

/** What the gateway states about a request to an upstream: the user, the session, the role and its scopes. */
export interface AssertionClaims {
  iss: string;
  aud: string;
  sub: string;
  sid: string;
  role: string;
  /** In the token one string, separated by single spaces (RFC 9068, section 2.2.3). */
  scope: string[];
  iat: number;
  exp: number;
}

/** Signs an assertion. */
export const signAssertion = (keys: KeySet, claims: AssertionClaims): Promise<string> =>
  signJwt(keys, ASSERTION_TYPE, { ...claims, scope: claims.scope.join(' ') });

/** The gateway's published public keys, as they change. */
interface PublishedKeys {
  /** @throws when the keys are needed and not available. */
  find(kid: string, nowMs: number): Promise<PublicKey | undefined>;
  /** Whether the key is still published. It never waits. */
  has(kid: string, nowMs: number): boolean;
}

interface ExpectedAssertion {
  /** The gateway's issuer URL, compared exactly. */
  issuer: string;
  /** The name of the service that verifies, compared exactly. */
  audience: string;
  /** The roles and scopes that the service recognizes. An assertion with any other is refused. */
  roles: readonly string[];
  scopes: readonly string[];
}

export interface AssertionVerifier {
  /** The claims of a genuine, unexpired assertion for this service. @throws what {@link PublishedKeys.find} throws. */
  verify(token: string, nowMs: number): Promise<AssertionClaims | Refusal<'assertion_invalid'>>;
}

/** A verifier for an upstream. A verified assertion stays cached until it expires or its key is no longer published. */
export function createAssertionVerifier(
  { issuer, audience, roles, scopes }: ExpectedAssertion,
  keys: PublishedKeys,
): AssertionVerifier {
  const schema = assertionClaims(roles, scopes);
  const maxLifetimeSeconds = MAX_LIFETIME_SECONDS;
  const rules = { type: ASSERTION_TYPE, schema, issuer, audience, maxLifetimeSeconds };
  const findKey = (kid: string, nowMs: number) => keys.find(kid, nowMs);
  // QuickLRU holds up to twice its `maxSize`.
  const cache = new QuickLRU<string, VerifiedJwt<AssertionClaims, PublicKey>>({
    maxSize: VERIFIED_CACHE_SIZE / 2,
  });
  return {
    async verify(token, nowMs) {
      const cached = cache.get(token);
      if (cached !== undefined && !isExpired(cached.claims, nowMs) && keys.has(cached.key.kid, nowMs))
        return cached.claims;
      const verified = await verifyJwt(rules, findKey, token, nowMs);
      if (verified instanceof Refusal)
        return new Refusal('assertion_invalid', verified.detail ?? verified.reason);
      cache.set(token, verified);
      return verified.claims;
    },
  };
}

const assertionClaims = (roles: readonly string[], scopes: readonly string[]) =>
  z.strictObject({
    iss: z.string(),
    aud: z.string(),
    sub: z.string().min(1).max(128),
    sid: z.string().min(1).max(128),
    role: z.enum(roles),
    scope: z
      .string()
      .transform((scope) => scope.split(' '))
      .pipe(z.array(z.enum(scopes))),
    iat: seconds,
    exp: seconds,
  });
