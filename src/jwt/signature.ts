import { constants, type KeyObject, verify } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { encodePart } from './canonical.ts';

/**
 * The only signature algorithm: RSASSA-PSS with SHA-256 (RFC 7518, section 3.5). It is a constant, neither a setting
 * nor read from a token (RFC 8725, section 3.1).
 */
export const ALGORITHM = 'PS256';

const SALT_BYTES = 32;

export interface PublicKey {
  /** The RFC 7638 thumbprint of the key. */
  kid: string;
  publicKey: CryptoKey;
}

export interface VerificationKey extends PublicKey {
  /** The same key as a `KeyObject`, for synchronous verification. */
  keyObject: KeyObject;
}

export interface SigningKey extends VerificationKey {
  privateKey: CryptoKey;
}

/** The keys in use at one moment: one signs, all verify. */
export interface KeySet {
  signing: SigningKey;
  all: readonly VerificationKey[];
}

/** Signs a JWT of one type with the signing key. */
export const signJwt = ({ signing }: KeySet, type: string, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader(headerOf(type, signing.kid)).sign(signing.privateKey);

/** The encoded header of each token of this type that this key signs. */
export const encodeHeader = (type: string, kid: string): string => encodePart(headerOf(type, kid));

const headerOf = (typ: string, kid: string) => ({ alg: ALGORITHM, typ, kid });

/**
 * Whether the key verifies the signature of a compact JWS. It runs on this thread, because for one RSA verification
 * the switch to another thread and back takes longer than the work.
 */
export function isSignedBy({ keyObject }: VerificationKey, token: string): boolean {
  const end = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, end), 'latin1');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const key = { key: keyObject, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES };
  return verify('sha256', signed, key, signature);
}
