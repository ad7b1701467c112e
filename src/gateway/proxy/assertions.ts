import type { AccessClaims } from '../../jwt/access-token.ts';
import { contentDigest, isReusable, signAssertion } from '../../jwt/assertion.ts';
import { senderConstraintOf } from '../../jwt/confirmation.ts';
import type { EcSigningKey } from '../../jwt/signature.ts';
import { oncePerRing, type RingSource } from '../../keys/ring.ts';
import { randomText } from '../../random-text.ts';
import type { Authorization } from '../../users/authorization.ts';
import { type Scope, withQualifiers } from '../../users/roles.ts';
import { AssertionCache } from './assertion-cache.ts';

/** Assertions for longer paths are not cached, so that an entry stays small. */
const CACHED_PATH_MAX_CHARACTERS = 256;

/** A cached assertion is used for the first three quarters of its lifetime, so that it does not expire on its way. */
const USED_FRACTION = 0.75;

interface AssertionOptions {
  issuer: string;
  bankAudience: string;
  assertionTtlSeconds: number;
  assertionCacheMaxBytes: number;
}

/** The request that an assertion is for. */
export interface AssertedRequest {
  method: string;
  /** The path at the upstream, without the query. */
  path: string;
  /** The scope of the rule that allowed the request. */
  scope: Scope;
  /** The SHA-256 digest of the body in base64url, if the gateway held the whole body. */
  bodyDigest?: string | undefined;
}

export type AssertionSource = (
  claims: AccessClaims,
  authorization: Authorization,
  request: AssertedRequest,
  nowMs: number,
) => string;

/**
 * Assertions signed with the key that is valid at the time of each request. A change of keys empties the cache.
 *
 * A request that can change something gets an assertion of its own, which the upstream accepts once. Others share one
 * per session, role, scope, method and path until shortly before it expires.
 */
export function createAssertionSource(ring: RingSource, options: AssertionOptions): AssertionSource {
  const sourcesAt = oncePerRing(ring, ({ signing }) => {
    const sign = signWith(signing.assertionKey, options);
    return { sign, cached: cachedAssertions(sign, options) };
  });
  return (claims, authorization, request, nowMs) => {
    const { sign, cached } = sourcesAt(nowMs);
    if (!isReusable({ htm: request.method })) return sign(claims, authorization, request, nowMs);
    const source = request.path.length > CACHED_PATH_MAX_CHARACTERS ? sign : cached;
    // The body of a GET or HEAD request has no meaning (RFC 9110, section 9.3.1).
    return source(claims, authorization, { ...request, bodyDigest: undefined }, nowMs);
  };
}

function cachedAssertions(
  sign: AssertionSource,
  { assertionTtlSeconds, assertionCacheMaxBytes }: AssertionOptions,
): AssertionSource {
  const cache = new AssertionCache(assertionCacheMaxBytes);
  const useMs = assertionTtlSeconds * 1000 * USED_FRACTION;
  return (claims, authorization, request, nowMs) => {
    const { method, path, scope } = request;
    const name = `${claims.sub} ${claims.sid} ${authorization.role} ${scope} ${method} ${path}`;
    const cached = cache.get(name, nowMs);
    if (cached !== undefined) return cached;
    const token = sign(claims, authorization, request, nowMs);
    cache.set(name, token, nowMs + useMs);
    return token;
  };
}

const signWith =
  (key: EcSigningKey, { issuer, bankAudience, assertionTtlSeconds }: AssertionOptions): AssertionSource =>
  ({ sub, sid, cnf }, { role }, { method, path, scope, bodyDigest }, nowMs) => {
    const iat = Math.floor(nowMs / 1000);
    return signAssertion(key, {
      iss: issuer,
      aud: bankAudience,
      sub,
      sid,
      role,
      scope: withQualifiers(scope, role),
      jti: randomText(16, 'base64url'),
      htm: method,
      path,
      content_digest: bodyDigest && contentDigest(Buffer.from(bodyDigest, 'base64url')),
      sender_constrained: cnf && senderConstraintOf(cnf),
      iat,
      exp: iat + assertionTtlSeconds,
    });
  };
