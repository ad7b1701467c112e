import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { random128, seconds } from './claims.ts';
import { confirmation } from './confirmation.ts';
import { type KeySet, signJwt } from './signature.ts';
import { SignatureMemo } from './signature-memo.ts';
import { createJwtVerifier, type JwtReason, type JwtRules, type JwtVerifier } from './verify.ts';

/** The `typ` is that of RFC 9068, section 2.1. */
const ACCESS_TOKEN = { typ: 'at+jwt', alg: 'PS256' } as const;

const MAX_LIFETIME_SECONDS = 2_592_000;

/**
 * The claims of an access token (RFC 9068, section 2.2). Each is mandatory except `cnf`, which only tokens have that are
 * bound to a key of the client. No other is accepted.
 */
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
    cnf: confirmation.optional(),
  })
  .refine(({ auth_time, iat }) => auth_time <= iat, { path: ['auth_time'] });

export type AccessClaims = z.output<typeof accessClaims>;
export type TokenReason = `token_${JwtReason}`;

/** Signs an access token. */
export const signAccessToken = (keys: KeySet, claims: AccessClaims): Promise<string> =>
  signJwt(keys, ACCESS_TOKEN, claims);

export type AccessTokenVerifier = (token: string, nowMs: number) => AccessClaims | Refusal<TokenReason>;

interface ExpectedIssue {
  /** Compared exactly. */
  issuer: string;
  audience: string;
}

/**
 * A verifier for one set of keys. Another set needs another verifier, whose memo is empty.
 * @param memoMaxBytes above 0, the signatures of tokens that are remembered in that much memory are not verified again
 */
export function createAccessTokenVerifier(
  keys: KeySet,
  expected: ExpectedIssue,
  memoMaxBytes: number,
): AccessTokenVerifier {
  const memo = memoMaxBytes > 0 ? new SignatureMemo(memoMaxBytes) : undefined;
  return withTokenReason(createJwtVerifier(accessRules(expected), keys.all, memo));
}

/**
 * A verifier that also accepts tokens that have expired. For ending a session, to which the holder of any of its tokens
 * is entitled; never to authenticate a request.
 */
export const createRevocableTokenVerifier = (keys: KeySet, expected: ExpectedIssue): AccessTokenVerifier =>
  withTokenReason(createJwtVerifier({ ...accessRules(expected), acceptExpired: true }, keys.all));

/** What an access token has to be. */
export const accessRules = ({ issuer, audience }: ExpectedIssue): JwtRules<AccessClaims> => ({
  kind: ACCESS_TOKEN,
  schema: accessClaims,
  issuer,
  audience,
  maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
});

const withTokenReason =
  (verify: JwtVerifier<AccessClaims>): AccessTokenVerifier =>
  (token, nowMs) => {
    const claims = verify(token, nowMs);
    return claims instanceof Refusal ? new Refusal(`token_${claims.reason}`, claims.detail) : claims;
  };

/** The `kid` of the key that signed a verified token. */
export const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
