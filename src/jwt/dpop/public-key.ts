import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { thumbprint } from '../confirmation.ts';

/**
 * The algorithms of proofs (RFC 9449, section 4.2), all of them asymmetric: those of FAPI 2.0, and Ed25519 by both of its
 * names (RFC 8037; RFC 9864, section 2.2).
 */
export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const;
export type DpopAlgorithm = (typeof DPOP_ALGORITHMS)[number];

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/** 32 bytes in canonical base64url. */
const bytes32 = thumbprint;

/**
 * Members that describe a public key and change nothing about it (RFC 7517, section 4). Any other member is refused, so
 * private ones (RFC 7518, sections 6.2.2, 6.3.2 and 6.4) and certificates are.
 */
const descriptive = {
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  ext: z.boolean().optional(),
};

/** Public keys (RFC 7517). Their members are in the order of their thumbprint (RFC 7638, section 3.3). */
const ecKey = z.strictObject({
  ...{ crv: z.literal('P-256'), kty: z.literal('EC'), x: bytes32, y: bytes32 },
  ...descriptive,
});
const okpKey = z.strictObject({
  ...{ crv: z.literal('Ed25519'), kty: z.literal('OKP'), x: bytes32 },
  ...descriptive,
});
const rsaKey = z.strictObject({
  // 65537: a larger exponent would make each verification slower.
  ...{ e: z.literal('AQAB'), kty: z.literal('RSA'), n: z.string().regex(/^[\w-]{342,683}$/) },
  ...descriptive,
});

export const publicJwk = z.discriminatedUnion('kty', [ecKey, okpKey, rsaKey]);
export type PublicJwk = z.output<typeof publicJwk>;

const KTY_OF: Readonly<Record<DpopAlgorithm, PublicJwk['kty']>> = {
  ES256: 'EC',
  EdDSA: 'OKP',
  Ed25519: 'OKP',
  PS256: 'RSA',
};

export interface ProofKey {
  alg: DpopAlgorithm;
  keyObject: KeyObject;
  /** The RFC 7638 thumbprint. */
  jkt: string;
}

/** The key of a proof's header; undefined if it is not one for the algorithm, is too short or is not on its curve. */
export function importProofKey(alg: DpopAlgorithm, jwk: PublicJwk): ProofKey | undefined {
  if (KTY_OF[alg] !== jwk.kty) return undefined;
  try {
    const keyObject = createPublicKey({ key: requiredMembers(jwk), format: 'jwk' });
    // Only asked of RSA keys: for others it would be a fifth of the cost of the import.
    if (jwk.kty === 'RSA' && !isLength(keyObject.asymmetricKeyDetails?.modulusLength)) return undefined;
    return { alg, keyObject, jkt: thumbprintOf(jwk) };
  } catch {
    return undefined;
  }
}

const isLength = (bits = 0): boolean => bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;

/** The JWK thumbprint (RFC 7638) with SHA-256, in base64url. */
export const thumbprintOf = (jwk: PublicJwk): string =>
  hash('sha256', JSON.stringify(requiredMembers(jwk)), 'base64url');

/** Only these members say which key it is, in the order that the thumbprint needs. */
function requiredMembers(jwk: PublicJwk): Record<string, string> {
  if (jwk.kty === 'EC') return { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
  return jwk.kty === 'OKP' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x } : { e: jwk.e, kty: jwk.kty, n: jwk.n };
}
