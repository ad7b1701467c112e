import { constants, type KeyObject, verify } from 'node:crypto';

const SALT_BYTES = 32;

/**
 * Whether a compact JWS carries this key's PS256 signature (RFC 7518, section 3.5), computed on this thread: for
 * one RSA verification the way to another thread and back takes longer than the work.
 */
export function hasSignatureOf(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const signed = Buffer.from(token.slice(0, end), 'latin1');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify(
    'sha256',
    signed,
    { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES },
    signature,
  );
}
