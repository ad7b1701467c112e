import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ALGORITHM, type KeyRing, type RingKey } from '../keys/key-ring.ts';
import { Memo } from '../memo.ts';
import { Refusal } from '../refusal.ts';
import { encodePart, isCanonicalJson, splitToken } from './canonical.ts';
import { hasSignatureOf } from './signature.ts';

/** The media type of an access token's header, `typ` (RFC 9068, section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** How far in the future `iat` may lie, for the clocks of several gateway machines. `exp` gets no tolerance. */
const ISSUED_AT_TOLERANCE_SECONDS = 10;
/** Tokens whose claims are kept, about 1.5 KiB each. */
const VERIFIED_CACHE_SIZE = 10_000;

const MAX_LIFETIME_SECONDS = 2_592_000;

const seconds = z.int().nonnegative();
const random128 = z.string().regex(/^[\w-]{22}$/);
const printable = z.string().regex(/^[\x21-\x7e]{1,256}$/);

/** The claims of an access token (RFC 9068, section 2.2). Each is mandatory and no other is known. */
const accessClaims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: random128,
  client_id: printable,
  sid: random128,
  jti: random128,
  auth_time: seconds,
  iat: seconds,
  exp: seconds,
});

export type AccessClaims = z.output<typeof accessClaims>;
const CLAIM_NAMES = Object.keys(accessClaims.shape);

export type TokenReason =
  | 'token_spelling'
  | 'token_header'
  | 'token_signature'
  | 'token_claims'
  | 'token_expired';

/** Signs an access token with the ring's signing key. */
export function signAccessToken(ring: KeyRing, claims: AccessClaims): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader(protectedHeader(ring.signing))
    .sign(ring.signing.privateKey);
}

export type AccessTokenVerifier = (
  token: string,
  nowMs: number,
) => Promise<AccessClaims | Refusal<TokenReason>>;

/**
 * A verifier for one ring: everything about a token that can be judged without asking anybody.
 *
 * The header is not interpreted at all: it is one of the few texts that this gateway writes, or the token is
 * refused. So no `alg`, `jku`, `jwk`, `x5c`, `crit` or `zip` of an attacker's is ever acted on (RFC 8725,
 * sections 3.1, 3.10 and 3.11). jose is still told everything that it can check.
 *
 * jose judges every token, once. What it found is kept with the token's text, and when the very same text comes
 * again only its signature is verified again, on this thread. With a `memoSize` above 0 not even that: that many
 * tokens are believed without. Either memory belongs to its ring: a new ring starts with an empty one.
 */
export function createAccessTokenVerifier(
  ring: KeyRing,
  expected: { issuer: string; audience: string },
  memoSize: number,
): AccessTokenVerifier {
  const keyOfHeader = new Map(ring.all.map((key) => [encodePart(protectedHeader(key)), key]));
  const judged = new Memo<JudgedToken>(memoSize || VERIFIED_CACHE_SIZE);

  return async (token, nowMs) => {
    const known = judged.get(token);
    if (known !== undefined) return judgeAgain(token, known, memoSize > 0, nowMs);
    const parts = splitToken(token);
    if (parts === undefined) return new Refusal('token_spelling');
    const key = keyOfHeader.get(parts.header);
    if (key === undefined) return new Refusal('token_header');
    const claims = await verifyWithJose(token, key, expected, nowMs);
    if (claims instanceof Refusal) return claims;
    if (!isCanonicalJson(parts.payload)) return new Refusal('token_claims', 'not canonical JSON');
    judged.set(token, { claims, key });
    return claims;
  };
}

/** What jose and this gateway found good. The text that it belongs to can't change, and neither can its claims. */
interface JudgedToken {
  claims: AccessClaims;
  key: RingKey;
}

/** A token that was judged good can only have expired since; its signature is verified as on the first day. */
function judgeAgain(
  token: string,
  { claims, key }: JudgedToken,
  isBelieved: boolean,
  nowMs: number,
): AccessClaims | Refusal<TokenReason> {
  if (!isBelieved && !hasSignatureOf(token, key.verifyingKey)) return new Refusal('token_signature');
  return isExpired(claims, nowMs) ? new Refusal('token_expired') : claims;
}

async function verifyWithJose(
  token: string,
  key: RingKey,
  expected: { issuer: string; audience: string },
  nowMs: number,
): Promise<AccessClaims | Refusal<TokenReason>> {
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      ...expected,
      algorithms: [ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      requiredClaims: CLAIM_NAMES,
      clockTolerance: 0,
      currentDate: new Date(nowMs),
    });
    return judgeClaims(payload, nowMs);
  } catch (fault) {
    return refusalFor(fault);
  }
}

/** Which key has signed a token that is verified already. */
export const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

/** What jose leaves open: types, integers, one audience as a string, times that fit together. */
function judgeClaims(payload: unknown, nowMs: number): AccessClaims | Refusal<TokenReason> {
  const parsed = accessClaims.safeParse(payload);
  if (!parsed.success)
    return new Refusal('token_claims', parsed.error.issues[0]?.path.join('.') || 'unknown');
  const { auth_time, iat, exp } = parsed.data;
  const nowSeconds = Math.floor(nowMs / 1000);
  if (iat > nowSeconds + ISSUED_AT_TOLERANCE_SECONDS) return new Refusal('token_claims', 'iat in the future');
  if (auth_time > iat) return new Refusal('token_claims', 'auth_time after iat');
  if (exp <= iat || exp - iat > MAX_LIFETIME_SECONDS) return new Refusal('token_claims', 'lifetime');
  return parsed.data;
}

function refusalFor(fault: unknown): Refusal<TokenReason> {
  if (fault instanceof errors.JWTExpired) return new Refusal('token_expired');
  if (fault instanceof errors.JWSSignatureVerificationFailed) return new Refusal('token_signature');
  if (fault instanceof errors.JWTClaimValidationFailed) return new Refusal('token_claims', fault.claim);
  if (fault instanceof errors.JOSEError) return new Refusal('token_claims', fault.code);
  throw fault;
}

/** The same comparison as jose's and as Redis's `EXAT`: the token is dead from the first millisecond of `exp`. */
const isExpired = (claims: AccessClaims, nowMs: number): boolean => claims.exp * 1000 <= nowMs;

const protectedHeader = (key: RingKey) => ({ alg: ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: key.kid });
