import { type NoncePolicy, Nonces } from '../../../src/jwt/dpop/nonces.ts';
import { createProofVerifier, type ProofVerifier } from '../../../src/jwt/dpop/proof.ts';
import { ProofKeyCache } from '../../../src/jwt/dpop/proof-key-cache.ts';
import { Refusal } from '../../../src/refusal.ts';

export const URL = 'https://bank.example/accounts';
export const NOW_MS = 1_800_000_000_000;
export const NONCES = new Nonces(Buffer.alloc(32, 7), 300);

/** A verifier with the default limits. */
export const verifierWith = ({
  noncePolicy = 'off' as NoncePolicy,
  cacheBytes = 0,
  maxAgeSeconds = 60,
} = {}): ProofVerifier =>
  createProofVerifier({ maxAgeSeconds, noncePolicy, nonces: NONCES, keys: new ProofKeyCache(cacheBytes) });

/** `accepted`, or the reason of the refusal with its detail. */
export const verdictOf = (outcome: ReturnType<ProofVerifier>): string =>
  outcome instanceof Refusal ? [outcome.reason, outcome.detail].filter(Boolean).join(': ') : 'accepted';
