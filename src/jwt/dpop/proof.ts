import { constants, hash, verify } from 'node:crypto';
import { z } from 'zod';
import { Refusal } from '../../refusal.ts';
import { decodeObject, parseObject, splitToken, type TokenParts } from '../canonical.ts';
import { seconds } from '../claims.ts';
import type { NoncePolicy, Nonces } from './nonces.ts';
import type { ProofKeyCache } from './proof-key-cache.ts';
import { DPOP_ALGORITHMS, importProofKey, type ProofKey, publicJwk } from './public-key.ts';

const MAX_CHARACTERS = 4096;
const MAX_JTI_CHARACTERS = 256;

/** The header of a proof (RFC 9449, section 4.2). It has no other parameter, such as `crit`, `jku` or `x5c`. */
const proofHeader = z.strictObject({
  typ: z.literal('dpop+jwt'),
  alg: z.enum(DPOP_ALGORITHMS),
  jwk: publicJwk,
});

/** The claims of a proof. Others are ignored (RFC 7519, section 4). */
const proofClaims = z.object({
  htm: z.string(),
  htu: z.string(),
  iat: seconds,
  ath: z.string().optional(),
  nonce: z.string().optional(),
  jti: z.string().min(1).max(MAX_JTI_CHARACTERS),
});
type ProofClaims = z.output<typeof proofClaims>;

/** The request that a proof has to be for. */
export interface ExpectedProof {
  method: string;
  /** The URLs by which clients reach this route, without a query. One of them is compared exactly. */
  urls: readonly string[];
  /** The access token that the request presents, if it presents one. */
  accessToken?: string | undefined;
  /** The thumbprint of the key that this token is bound to. Only such keys are worth being remembered. */
  jkt?: string | undefined;
}

/** A proof that is genuine and fresh. Whether it has been used before is not known yet. */
export interface VerifiedProof {
  /** The thumbprint of the client's key (RFC 7638). */
  jkt: string;
  /** The nonce of the gateway that it contains. */
  nonce: string | undefined;
  /** Identifies the proof: a digest of the key and the `jti`, 128 bits in base64url. */
  id: string;
  /** From when on a copy of it is refused in any case, in milliseconds since the epoch. */
  refusedFromMs: number;
}

/** `nonce_required`: the proof may be genuine, but its time is not accepted without a nonce. */
export type ProofReason = 'proof_invalid' | 'nonce_required';

export type ProofVerifier = (
  proof: string,
  expected: ExpectedProof,
  nowMs: number,
) => VerifiedProof | Refusal<ProofReason>;

export interface ProofOptions {
  /** How far the `iat` of a proof without a nonce may be from the gateway's clock. */
  maxAgeSeconds: number;
  noncePolicy: NoncePolicy;
  nonces: Nonces;
  keys: ProofKeyCache;
}

/** A verifier of DPoP proofs, by the checks of RFC 9449, section 4.3, except for the use of a proof that was used before. */
export const createProofVerifier =
  ({ keys, ...time }: ProofOptions): ProofVerifier =>
  (proof, expected, nowMs) => {
    const parts = splitToken(proof, MAX_CHARACTERS);
    if (parts === undefined) return invalid('spelling');
    const known = keys.get(parts.header);
    const key = known ?? readKey(parts.header);
    if (key instanceof Refusal) return key;
    if (!isSigned(key, parts)) return invalid('signature');
    const claims = readProofClaims(parts.payloadBytes);
    if (claims instanceof Refusal) return claims;
    const refusedFromMs = checkClaims(claims, expected, time, nowMs);
    if (refusedFromMs instanceof Refusal) return refusedFromMs;
    if (known === undefined && key.jkt === expected.jkt) keys.add(parts.header, key);
    return { jkt: key.jkt, nonce: claims.nonce, id: idOf(key.jkt, claims.jti), refusedFromMs };
  };

/** The claim `ath` for an access token (section 4.2). */
export const accessTokenHash = (token: string): string => hash('sha256', token, 'base64url');

const invalid = (detail: string): Refusal<'proof_invalid'> => new Refusal('proof_invalid', detail);

function readKey(header: string): ProofKey | Refusal<'proof_invalid'> {
  const parsed = proofHeader.safeParse(decodeObject(header));
  if (!parsed.success) return invalid(parsed.error.issues[0]?.path.join('.') || 'header');
  return importProofKey(parsed.data.alg, parsed.data.jwk) ?? invalid('jwk');
}

function isSigned({ alg, keyObject: key }: ProofKey, { signed, signatureBytes }: TokenParts): boolean {
  const data = Buffer.from(signed, 'latin1');
  if (alg === 'ES256') return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signatureBytes);
  if (alg !== 'PS256') return verify(null, data, key, signatureBytes);
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify('sha256', data, { key, ...padding }, signatureBytes);
}

function readProofClaims(payload: Uint8Array): ProofClaims | Refusal<'proof_invalid'> {
  const parsed = proofClaims.safeParse(parseObject(payload)?.value);
  return parsed.success ? parsed.data : invalid(parsed.error.issues[0]?.path.join('.') || 'claims');
}

/** From when on the proof is refused, or why it is refused now. */
function checkClaims(
  claims: ProofClaims,
  { method, urls, accessToken }: ExpectedProof,
  time: Omit<ProofOptions, 'keys'>,
  nowMs: number,
): number | Refusal<ProofReason> {
  if (claims.htm !== method) return invalid('htm');
  if (!urls.includes(claims.htu)) return invalid('htu');
  const refusedFromMs = freshUntil(claims, time, nowMs);
  if (refusedFromMs instanceof Refusal) return refusedFromMs;
  if (accessToken !== undefined && claims.ath !== accessTokenHash(accessToken)) return invalid('ath');
  return refusedFromMs;
}

/**
 * A nonce of the gateway proves that the proof is fresh whatever the client's clock says (sections 4.3 and 8). Otherwise
 * the `iat` is compared, unless a nonce is required.
 */
function freshUntil(
  { iat, nonce }: ProofClaims,
  { noncePolicy, nonces, maxAgeSeconds }: Omit<ProofOptions, 'keys'>,
  nowMs: number,
): number | Refusal<ProofReason> {
  if (noncePolicy !== 'off' && nonce !== undefined)
    return nonces.isAccepted(nonce, nowMs)
      ? nonces.refusedFromMs(nowMs)
      : new Refusal('nonce_required', 'nonce');
  if (noncePolicy === 'required') return new Refusal('nonce_required');
  const refusedFromMs = (iat + maxAgeSeconds + 1) * 1000;
  const isFresh = nowMs < refusedFromMs && iat * 1000 <= nowMs + maxAgeSeconds * 1000;
  if (isFresh) return refusedFromMs;
  return noncePolicy === 'off' ? invalid('iat') : new Refusal('nonce_required', 'iat');
}

const ID_CHARACTERS = 22;

const idOf = (jkt: string, jti: string): string =>
  hash('sha256', `${jkt}.${jti}`, 'base64url').slice(0, ID_CHARACTERS);
