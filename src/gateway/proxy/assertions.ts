import QuickLRU from 'quick-lru';
import type { AccessClaims } from '../../jwt/access-token.ts';
import { signAssertion } from '../../jwt/assertion.ts';
import { type KeyRing, oncePerRing, type RingSource } from '../../keys/ring.ts';
import type { Authorization } from '../../users/authorization.ts';
import { type Scope, scopesOf } from '../../users/roles.ts';

/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const CACHE_SIZE = 20_000;

/** An assertion is used for the first three quarters of its lifetime, so that it does not expire on its way. */
const USED_FRACTION = 0.75;

interface AssertionOptions {
  issuer: string;
  bankAudience: string;
  assertionTtlSeconds: number;
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
) => Promise<string>;

/** Assertions signed with the key that is valid at the time of each request. A change of keys empties the cache. */
export function createAssertionSource(ring: RingSource, options: AssertionOptions): AssertionSource {
  const sourceAt = oncePerRing(ring, (keys) => cachedAssertions(keys, options));
  return (claims, authorization, request, nowMs) => sourceAt(nowMs)(claims, authorization, request, nowMs);
}

/**
 * Signs one assertion per session and role, and reuses it until shortly before it expires. Requests that come while it
 * is being signed wait for the same one.
 */
function cachedAssertions(ring: KeyRing, options: AssertionOptions): AssertionSource {
  const cache = new QuickLRU<string, { token: Promise<string>; useUntilMs: number }>({
    maxSize: CACHE_SIZE / 2,
  });
  return (claims, authorization, _request, nowMs) => {
    const name = `${claims.sub} ${claims.sid} ${authorization.role}`;
    const cached = cache.get(name);
    if (cached !== undefined && nowMs < cached.useUntilMs) return cached.token;
    const token = sign(ring, options, claims, authorization, nowMs);
    cache.set(name, { token, useUntilMs: nowMs + options.assertionTtlSeconds * 1000 * USED_FRACTION });
    token.catch(() => cache.delete(name));
    return token;
  };
}

function sign(
  ring: KeyRing,
  { issuer, bankAudience, assertionTtlSeconds }: AssertionOptions,
  { sub, sid }: AccessClaims,
  { role }: Authorization,
  nowMs: number,
): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  const exp = iat + assertionTtlSeconds;
  return signAssertion(ring, {
    iss: issuer,
    aud: bankAudience,
    sub,
    sid,
    role,
    scope: [...scopesOf(role)],
    iat,
    exp,
  });
}
