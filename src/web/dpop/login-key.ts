/** The members of a public key on the curve P-256 (RFC 7518, section 6.2.1), in the order of RFC 7638. */
export interface PublicJwk {
  crv: string;
  kty: string;
  x: string;
  y: string;
}

/**
 * The key of one login (RFC 9449). Its private half cannot be exported, not even by the page's own scripts.
 */
export interface LoginKey {
  /** The thumbprint of the public key (RFC 7638). */
  jkt: string;
  privateKey: CryptoKey;
  publicJwk: PublicJwk;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

export async function createLoginKey(): Promise<LoginKey> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(P256, false, ['sign']);
  const { crv = '', kty = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', publicKey);
  const publicJwk = { crv, kty, x, y };
  return { jkt: await thumbprint(publicJwk), privateKey, publicJwk };
}

/** The thumbprint of a public key (RFC 7638). */
export async function thumbprint({ crv, kty, x, y }: PublicJwk): Promise<string> {
  const required = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
  return base64url(await crypto.subtle.digest('SHA-256', required));
}

/**
 * Unpadded base64url (RFC 7515, section 2). Browsers have `Uint8Array.prototype.toBase64` only since 2025.
 */
export const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
