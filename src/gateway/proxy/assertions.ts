import QuickLRU from 'quick-lru';
import type { AccessClaims } from '../../jwt/access-token.ts';
import { signAssertion } from '../../jwt/assertion.ts';
import type { KeyRing } from '../../keys/ring.ts';
import type { Authorization } from '../../users/authorization.ts';
import { scopesOf } from '../../users/roles.ts';

/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const CACHE_SIZE = 20_000;

/** An assertion is used for the first three quarters of its life, so that it never expires on its way. */
const USED_FOR = 0.75;

interface KeptAssertion {
  token: Promise<string>;
  useUntilMs: number;
}

export interface AssertionOptions {
  issuer: string;
  bankAudience: string;
  assertionTtlSeconds: number;
}

export type AssertionSource = (
  claims: AccessClaims,
  authorization: Authorization,
  nowMs: number,
) => Promise<string>;

/**
 * The gateway's word to the bank about one request: signed once for each session and role, and used until it
 * nears its end. Requests that arrive while it is being signed wait for the same one.
 */
export function createAssertionSource(ring: KeyRing, options: AssertionOptions): AssertionSource {
  const kept = new QuickLRU<string, KeptAssertion>({ maxSize: CACHE_SIZE / 2 });
  return (claims, authorization, nowMs) => {
    const name = `${claims.sub} ${claims.sid} ${authorization.role}`;
    const present = kept.get(name);
    if (present !== undefined && nowMs < present.useUntilMs) return present.token;
    const token = sign(ring, options, claims, authorization, nowMs);
    kept.set(name, { token, useUntilMs: nowMs + options.assertionTtlSeconds * 1000 * USED_FOR });
    token.catch(() => kept.delete(name));
    return token;
  };
}

function sign(
  ring: KeyRing,
  options: AssertionOptions,
  { sub, sid }: AccessClaims,
  { role }: Authorization,
  nowMs: number,
): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  const times = { iat, exp: iat + options.assertionTtlSeconds };
  return signAssertion(ring, {
    iss: options.issuer,
    aud: options.bankAudience,
    sub,
    sid,
    role,
    scope: [...scopesOf(role)],
    ...times,
  });
}
