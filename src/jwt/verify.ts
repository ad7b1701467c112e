import { Refusal } from '../refusal.ts';
import { decodeObject, splitToken, type TokenParts } from './canonical.ts';
import { type ClaimRules, readClaims, type TimedClaims } from './claims.ts';
import { encodeHeader, isSignedBy, type PublicKey, type TokenKind } from './signature.ts';

/** What each kind of token has to be. */
export interface JwtRules<Claims> extends ClaimRules<Claims> {
  kind: TokenKind;
  /** The maximum length of the token. */
  maxCharacters?: number;
}

type FindKey<Key extends PublicKey> = (
  kid: string,
  nowMs: number,
) => Key | undefined | Promise<Key | undefined>;

/** Why a token is refused. `spelling` means that its encoding is not canonical. */
export type JwtReason = 'spelling' | 'header' | 'signature' | 'claims' | 'expired';

export interface VerifiedJwt<Claims, Key> {
  claims: Claims;
  /** The key that signed the token. */
  key: Key;
}

/** Tokens whose signature need not be verified again (`signature-memo.ts`). */
interface TrustedTokens {
  has(token: string): boolean;
  add(token: string): void;
}

/** Verifies a token on this thread, without waiting. */
export type JwtVerifier<Claims> = (token: string, nowMs: number) => Claims | Refusal<JwtReason>;

/**
 * A verifier for a fixed set of keys. It checks everything about a token that needs no store: canonical form, header,
 * signature, claims and times.
 *
 * No header parameter is ever acted on but `kid`: the header has to be exactly the text that the gateway writes for
 * that kind of token and that key. So no `alg`, `jku`, `jwk`, `x5c`, `crit` or `zip` of an attacker has any effect (RFC 8725,
 * sections 3.1, 3.10 and 3.11).
 */
export function createJwtVerifier<Claims extends TimedClaims>(
  rules: JwtRules<Claims>,
  keys: readonly PublicKey[],
  trusted?: TrustedTokens,
): JwtVerifier<Claims> {
  const keyByHeader = new Map(keys.map((key) => [encodeHeader(rules.kind, key.kid), key]));
  return (token, nowMs) => {
    const parts = splitToken(token, rules.maxCharacters);
    if (parts === undefined) return new Refusal('spelling');
    const key = keyByHeader.get(parts.header);
    if (key === undefined) return headerRefusal(parts, rules.kind);
    const isTrusted = trusted?.has(token) === true;
    if (!isTrusted && !isSigned(rules.kind, key, parts)) return new Refusal('signature');
    const claims = readClaims(rules, parts.payloadBytes, nowMs);
    if (!isTrusted && !(claims instanceof Refusal)) trusted?.add(token);
    return claims;
  };
}

/** Verifies a token in the same way with a key that may have to be fetched. @throws what `findKey` throws */
export async function verifyJwt<Claims extends TimedClaims, Key extends PublicKey>(
  rules: JwtRules<Claims>,
  findKey: FindKey<Key>,
  token: string,
  nowMs: number,
): Promise<VerifiedJwt<Claims, Key> | Refusal<JwtReason>> {
  const parts = splitToken(token, rules.maxCharacters);
  if (parts === undefined) return new Refusal('spelling');
  const kid = kidOfHeader(parts.header, rules.kind);
  const key = kid === undefined ? undefined : await findKey(kid, nowMs);
  if (key === undefined) return headerRefusal(parts, rules.kind);
  if (!isSigned(rules.kind, key, parts)) return new Refusal('signature');
  const claims = readClaims(rules, parts.payloadBytes, nowMs);
  return claims instanceof Refusal ? claims : { claims, key };
}

const isSigned = (kind: TokenKind, key: PublicKey, { signed, signatureBytes }: TokenParts): boolean =>
  isSignedBy(key, kind, signed, signatureBytes);

const headerRefusal = ({ header }: TokenParts, kind: TokenKind): Refusal<'header'> =>
  kidOfHeader(header, kind) === undefined ? new Refusal('header') : new Refusal('header', 'unknown key');

/** The `kid` of a header that is exactly the one that the gateway writes, or undefined. */
function kidOfHeader(header: string, kind: TokenKind): string | undefined {
  const { kid } = (decodeObject(header) ?? {}) as { kid?: unknown };
  return typeof kid === 'string' && encodeHeader(kind, kid) === header ? kid : undefined;
}
