import { base64url, type LoginKey } from './login-key.ts';

const ECDSA_SHA256 = { name: 'ECDSA', hash: 'SHA-256' };

/** The request for which a proof is valid. */
export interface ProvenRequest {
  method: string;
  /** The URL to which the request is sent. The proof leaves out its query and fragment. */
  url: URL;
  /** SHA-256 of the access token in base64url, if the request presents one. */
  accessTokenHash?: string | undefined;
  /** The nonce that the server has asked for. */
  nonce?: string | undefined;
}

/** A DPoP proof (RFC 9449, section 4.2). It is valid for one request. `nowMs`: milliseconds since 1970. */
export function createProof(
  { privateKey, publicJwk }: LoginKey,
  { method, url, accessTokenHash, nonce }: ProvenRequest,
  nowMs: number,
): Promise<string> {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk };
  const payload = {
    htm: method,
    htu: url.origin + url.pathname,
    iat: Math.floor(nowMs / 1000),
    jti: crypto.randomUUID(),
    ath: accessTokenHash,
    nonce,
  };
  return signJws(privateKey, header, payload);
}

/** A JWS in the compact serialization, signed with ES256 (RFC 7515, section 7.1; RFC 7518, section 3.4). */
async function signJws(privateKey: CryptoKey, header: object, payload: object): Promise<string> {
  const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
  const input = [header, payload].map((part) => base64url(encode(JSON.stringify(part)))).join('.');
  return `${input}.${base64url(await crypto.subtle.sign(ECDSA_SHA256, privateKey, encode(input)))}`;
}
