import type { GatewaySettings } from '../../config/load.ts';
import {
  type AccessClaims,
  type AccessTokenVerifier,
  createAccessTokenVerifier,
  createRevocableTokenVerifier,
  type TokenReason,
} from '../../jwt/access-token.ts';
import { oncePerRing, type RingSource } from '../../keys/ring.ts';
import type { Refusal } from '../../refusal.ts';
import type { UnverifiedToken } from './credential.ts';

type SignatureOptions = Pick<GatewaySettings, 'issuer' | 'audience' | 'signatureMemoMaxBytes'>;

/**
 * Stage 2: the claims of a token that one of the gateway's keys has signed and that has not expired. It needs neither
 * Redis nor the network.
 */
export const verifySignature = (
  verifyToken: AccessTokenVerifier,
  token: UnverifiedToken,
  nowMs: number,
): AccessClaims | Refusal<TokenReason> => verifyToken(token, nowMs);

/** A verifier for the keys that are valid at the time of each request. A change of keys empties its memo. */
export function createTokenVerifier(ring: RingSource, options: SignatureOptions): AccessTokenVerifier {
  const verifierAt = oncePerRing(ring, (keys) =>
    createAccessTokenVerifier(keys, options, options.signatureMemoMaxBytes),
  );
  return (token, nowMs) => verifierAt(nowMs)(token, nowMs);
}

/** The same for the tokens with which a session can be ended: they may have expired. */
export function createRevocationVerifier(
  ring: RingSource,
  options: Pick<SignatureOptions, 'issuer' | 'audience'>,
): AccessTokenVerifier {
  const verifierAt = oncePerRing(ring, (keys) => createRevocableTokenVerifier(keys, options));
  return (token, nowMs) => verifierAt(nowMs)(token, nowMs);
}
