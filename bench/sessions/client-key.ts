import { createECDH, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { type PublicJwk, thumbprintOf } from '../../src/jwt/dpop/public-key.ts';

/** The key of a client, with which it makes proofs (RFC 9449). */
export interface ClientKey {
  readonly jwk: PublicJwk & { kty: 'EC' };
  /** The RFC 7638 thumbprint. */
  readonly jkt: string;
  /** Imports the private key. */
  privateKey(): KeyObject;
}

const COORDINATE_BYTES = 32;

/**
 * Key number `n`, on P-256. It is derived from the number, so that minted tokens, the content of Redis and proofs can be
 * made independently of each other, and again in another run.
 */
export function clientKey(n: number): ClientKey {
  const secret = createHash('sha256').update(`key ${n}`).digest();
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const x = point.toString('base64url', 1, 1 + COORDINATE_BYTES);
  const y = point.toString('base64url', 1 + COORDINATE_BYTES);
  const jwk = { crv: 'P-256', kty: 'EC', x, y } as const;
  const d = secret.toString('base64url');
  return {
    jwk,
    jkt: thumbprintOf(jwk),
    privateKey: () => createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }),
  };
}
