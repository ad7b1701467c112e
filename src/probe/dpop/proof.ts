import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { BoundSession } from '../attack.ts';
import { forge, type JwsAlgorithm } from '../forge.ts';

/** The request that a proof is for. */
export interface ProvenRequest {
  method: string;
  /** Without a query. */
  path: string;
  /** The access token that the request presents, if it presents one. */
  token?: string | undefined;
}

/** What differs from the right proof. An undefined member is removed. */
export interface ProofChanges {
  header?: Readonly<Record<string, unknown>>;
  claims?: Readonly<Record<string, unknown>>;
  /** The algorithm that signs and its key, regardless of the header. */
  algorithm?: JwsAlgorithm;
  key?: KeyObject | Buffer;
}

/** What a client needs to make proofs. */
export type ProofSource = Pick<BoundSession, 'key' | 'publicUrl' | 'nonce'>;

/** The public key as a JWK (RFC 7517) without other members. */
export const publicJwk = (key: KeyObject): Record<string, unknown> => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
});

/** The claim `ath` for an access token (RFC 9449, section 4.2). */
export const accessTokenHash = (token: string): string =>
  createHash('sha256').update(token).digest('base64url');

export const proofHeader = ({ key }: ProofSource): Record<string, unknown> => ({
  typ: 'dpop+jwt',
  alg: 'ES256',
  jwk: publicJwk(key),
});

export const proofClaims = (
  { publicUrl, nonce }: ProofSource,
  { method, path, token }: ProvenRequest,
): Record<string, unknown> => ({
  htm: method,
  htu: publicUrl + path,
  iat: Math.floor(Date.now() / 1000),
  jti: randomBytes(16).toString('base64url'),
  ath: token === undefined ? undefined : accessTokenHash(token),
  nonce,
});

/** A proof for a request (RFC 9449, section 4.2), which is right but for the changes. */
export const proofFor = (
  source: ProofSource,
  request: ProvenRequest,
  { header, claims, algorithm = 'ES256', key = source.key }: ProofChanges = {},
): string =>
  forge({
    header: { ...proofHeader(source), ...header },
    payload: { ...proofClaims(source, request), ...claims },
    algorithm,
    key,
  });
