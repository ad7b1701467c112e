import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { type KeySet, signJwt } from './signature.ts';
import { VerifiedTokenCache } from './verified-token-cache.ts';
import { type JwtReason, random128, seconds, verifyJwt } from './verify.ts';

/** The `typ` is that of RFC 9068, section 2.1. */
const ACCESS_TOKEN = { typ: 'at+jwt', alg: 'PS256' } as const;

const MAX_LIFETIME_SECONDS = 2_592_000;

/** The claims of an access token (RFC 9068, section 2.2). Each is mandatory, and no other is accepted. */
const accessClaims = z
  .strictObject({
    iss: z.string(),
    aud: z.string(),
    sub: random128,
    client_id: z.string().regex(/^[\x21-\x7e]{1,256}$/),
    sid: random128,
    jti: random128,
    auth_time: seconds,
    iat: seconds,
    exp: seconds,
  })
  .refine(({ auth_time, iat }) => auth_time <= iat, { path: ['auth_time'] });

export type AccessClaims = z.output<typeof accessClaims>;
export type TokenReason = `token_${JwtReason}`;

/** Signs an access token. */
export const signAccessToken = (keys: KeySet, claims: AccessClaims): Promise<string> =>
  signJwt(keys, ACCESS_TOKEN, claims);

export type AccessTokenVerifier = (
  token: string,
  nowMs: number,
) => Promise<AccessClaims | Refusal<TokenReason>>;

/**
 * A verifier for one set of keys. Another set needs another verifier, which starts with an empty cache.
 * @param trustedCacheSize above 0, that many verified tokens are accepted again without verifying their signature
 */
export function createAccessTokenVerifier(
  keys: KeySet,
  { issuer, audience }: { issuer: string; audience: string },
  trustedCacheSize: number,
): AccessTokenVerifier {
  const maxLifetimeSeconds = MAX_LIFETIME_SECONDS;
  const rules = { kind: ACCESS_TOKEN, schema: accessClaims, issuer, audience, maxLifetimeSeconds };
  const keyByKid = new Map(keys.all.map((key) => [key.kid, key]));
  const isTrusted = trustedCacheSize > 0;
  const cache = new VerifiedTokenCache<AccessClaims>(
    isTrusted ? { size: trustedCacheSize, trustCached: true } : {},
  );

  const verifyNew = async (token: string, nowMs: number): Promise<AccessClaims | Refusal<JwtReason>> => {
    const verified = await verifyJwt(rules, (kid) => keyByKid.get(kid), token, nowMs);
    if (verified instanceof Refusal) return verified;
    cache.add(token, verified);
    return verified.claims;
  };

  return async (token, nowMs) => {
    const claims = cache.reverify(token, nowMs) ?? (await verifyNew(token, nowMs));
    return claims instanceof Refusal ? new Refusal(`token_${claims.reason}`, claims.detail) : claims;
  };
}

/**
 * A verifier that also accepts tokens that have expired. For ending a session, to which the holder of any of its tokens
 * is entitled; never to authenticate a request.
 */
export function createRevocableTokenVerifier(
  keys: KeySet,
  { issuer, audience }: { issuer: string; audience: string },
): AccessTokenVerifier {
  const maxLifetimeSeconds = MAX_LIFETIME_SECONDS;
  const rules = { kind: ACCESS_TOKEN, schema: accessClaims, issuer, audience, maxLifetimeSeconds };
  const keyByKid = new Map(keys.all.map((key) => [key.kid, key]));
  return async (token, nowMs) => {
    const verified = await verifyJwt(
      { ...rules, acceptExpired: true },
      (kid) => keyByKid.get(kid),
      token,
      nowMs,
    );
    return verified instanceof Refusal
      ? new Refusal(`token_${verified.reason}`, verified.detail)
      : verified.claims;
  };
}

/** The `kid` of the key that signed a verified token. */
export const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
