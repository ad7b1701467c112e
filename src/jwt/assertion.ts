import QuickLRU from 'quick-lru';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { isExpired, random128, seconds } from './claims.ts';
import type { SenderConstraint } from './confirmation.ts';
import { type EcSigningKey, type PublicKey, signJwtNow } from './signature.ts';
import { type VerifiedJwt, verifyJwt } from './verify.ts';

/** The `typ` of an assertion. */
export const ASSERTION_TYPE = 'portcullis-assertion+jwt';
const ASSERTION = { typ: ASSERTION_TYPE, alg: 'ES256' } as const;

export const MAX_ASSERTION_SECONDS = 15;
/** Longer than any other token, because it contains the path of a request. */
const MAX_CHARACTERS = 8192;
/** The most verified assertions that are cached, and the maximum length of one. */
const VERIFIED_CACHE_SIZE = 10_000;
const CACHED_MAX_CHARACTERS = 1024;

/** What the gateway states about one request to an upstream: who sends it, what it is, and what allowed it. */
export interface AssertionClaims {
  iss: string;
  aud: string;
  sub: string;
  sid: string;
  role: string;
  /**
   * The scope of the rule that allowed the request, and those of the role that say whose data it reaches. In the token
   * one string, separated by single spaces (RFC 9068, section 2.2.3).
   */
  scope: string[];
  /** Unique. An assertion for a method that can change something is accepted once. */
  jti: string;
  /** The request's method (RFC 9449, section 4.2). */
  htm: string;
  /** The request's path at the upstream as it is sent, without the query. */
  path: string;
  /** The digest of the body, in the form of a `Content-Digest` field (RFC 9530, section 2), if the gateway knows it. */
  content_digest?: string | undefined;
  /** How the client proved to hold the key that its token is bound to; absent for a token that is not bound. */
  sender_constrained?: SenderConstraint | undefined;
  iat: number;
  exp: number;
}

/** Signs an assertion. */
export const signAssertion = (key: EcSigningKey, claims: AssertionClaims): string =>
  signJwtNow(key, ASSERTION, { ...claims, scope: claims.scope.join(' ') });

/** The value of `content_digest` for a SHA-256 digest. */
export const contentDigest = (sha256: Buffer): string => `sha-256=:${sha256.toString('base64')}:`;

/** Whether one assertion may serve several requests: only for methods that change nothing (RFC 9110, section 9.2.1). */
export const isReusable = ({ htm }: Pick<AssertionClaims, 'htm'>): boolean => htm === 'GET' || htm === 'HEAD';

/** The gateway's published keys for assertions, as they change. */
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
  /**
   * The claims of a genuine, unexpired assertion for this service. The caller compares them with the request and
   * accepts each `jti` once, unless the assertion {@link isReusable}. @throws what {@link PublishedKeys.find} throws.
   */
  verify(token: string, nowMs: number): Promise<AssertionClaims | Refusal<'assertion_invalid'>>;
}

/** A verifier for an upstream. A reusable assertion stays cached until it expires or its key is no longer published. */
export function createAssertionVerifier(
  { issuer, audience, roles, scopes }: ExpectedAssertion,
  keys: PublishedKeys,
): AssertionVerifier {
  const schema = assertionClaims(roles, scopes);
  const limits = { maxLifetimeSeconds: MAX_ASSERTION_SECONDS, maxCharacters: MAX_CHARACTERS };
  const rules = { kind: ASSERTION, schema, issuer, audience, ...limits };
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
      if (isReusable(verified.claims) && token.length <= CACHED_MAX_CHARACTERS) cache.set(token, verified);
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
    jti: random128,
    htm: z.string().regex(/^[A-Z]{1,16}$/),
    path: z.string().regex(/^\/[\x21-\x7e]*$/),
    content_digest: z
      .string()
      .regex(/^sha-256=:[A-Za-z0-9+/]{43}=:$/)
      .optional(),
    sender_constrained: z.enum(['dpop', 'mtls']).optional(),
    iat: seconds,
    exp: seconds,
  });
