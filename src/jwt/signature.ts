import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { encodePart } from './canonical.ts';

/**
 * A kind of token and the one algorithm that signs it: RSASSA-PSS or ECDSA on P-256, both with SHA-256 (RFC 7518,
 * sections 3.4 and 3.5). Kinds are constants; neither a setting nor a token selects an algorithm (RFC 8725, section 3.1).
 */
export interface TokenKind {
  /** The `typ` of the header. It differs for each kind, so that none is accepted as another (section 3.11). */
  readonly typ: string;
  readonly alg: 'PS256' | 'ES256';
}

const SALT_BYTES = 32;

export interface PublicKey {
  /** The RFC 7638 thumbprint of the key. */
  kid: string;
  keyObject: KeyObject;
}

export interface SigningKey extends PublicKey {
  privateKey: CryptoKey;
}

/** The RSA keys in use at one moment: one signs, all verify. */
export interface KeySet {
  signing: SigningKey;
  all: readonly PublicKey[];
}

/** A private key on P-256. */
export interface EcSigningKey {
  /** The RFC 7638 thumbprint of the public key. */
  kid: string;
  privateKey: KeyObject;
}

/** Signs a JWT of a kind that PS256 signs. */
export const signJwt = ({ signing }: KeySet, kind: TokenKind & { alg: 'PS256' }, claims: JWTPayload) =>
  new SignJWT(claims).setProtectedHeader(headerOf(kind, signing.kid)).sign(signing.privateKey);

/**
 * Signs a JWT of a kind that ES256 signs. It runs on this thread, because the switch to another thread and back takes
 * longer than the work.
 */
export function signJwtNow(
  key: EcSigningKey,
  kind: TokenKind & { alg: 'ES256' },
  claims: JWTPayload,
): string {
  const signed = `${encodeHeader(kind, key.kid)}.${encodePart(claims)}`;
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${signed}.${sign('sha256', Buffer.from(signed, 'latin1'), options).toString('base64url')}`;
}

/** The encoded header of each token of this kind that this key signs. */
export const encodeHeader = (kind: TokenKind, kid: string): string => encodePart(headerOf(kind, kid));

const headerOf = ({ alg, typ }: TokenKind, kid: string) => ({ alg, typ, kid });

/**
 * Whether the key verifies the signature of a text. It runs on this thread, because for one verification the switch to
 * another thread and back takes longer than the work.
 * @param signed the encoded header and payload, with the dot between them (RFC 7515, section 5.2)
 */
export function isSignedBy(
  { keyObject: key }: PublicKey,
  { alg }: TokenKind,
  signed: string,
  signature: Buffer,
): boolean {
  const options =
    alg === 'PS256'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES }
      : ({ key, dsaEncoding: 'ieee-p1363' } as const);
  return verify('sha256', Buffer.from(signed, 'latin1'), options, signature);
}
