import { constants, createHmac, type KeyObject, sign } from 'node:crypto';

/** The JWS algorithms of RFC 7518 (section 3.1) and RFC 8037 (section 3.1) that sign or authenticate. */
export type JwsAlgorithm =
  | `${'HS' | 'RS' | 'PS'}${256 | 384 | 512}`
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

export interface Forgery {
  /** What the token says of itself; nothing here is checked or put in order. */
  header: unknown;
  payload: unknown;
  /** How it is signed in truth, whatever the header says. */
  algorithm: JwsAlgorithm;
  /** A private key, or the bytes of a secret for HMAC. */
  key: KeyObject | Buffer;
  /** Of the salt of RSA-PSS in bytes; that of the digest (RFC 7518, section 3.5) unless given. */
  saltLength?: number;
}

/** A compact JWS (RFC 7515, section 7.1) with anything at all in it. */
export function forge({ header, payload, ...signing }: Forgery): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signatureOf(input, signing)}`;
}

/** One part of a token: text and bytes as they are, any other value as JSON. */
export function encode(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('base64url');
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** The signature of any text, in base64url. */
export function signatureOf(
  input: string,
  { algorithm, key, saltLength }: Pick<Forgery, 'algorithm' | 'key' | 'saltLength'>,
): string {
  const hash = `sha${algorithm.slice(2)}`;
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(input).digest('base64url');
  const bytes = Buffer.from(input);
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PADDING }).toString('base64url');
    case 'PS':
      return sign(hash, bytes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST,
      }).toString('base64url');
    case 'ES':
      return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    default:
      return sign(null, bytes, key).toString('base64url');
  }
}
