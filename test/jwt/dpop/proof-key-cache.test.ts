import { expect, test } from 'vitest';
import { createProofVerifier } from '../../../src/jwt/dpop/proof.ts';
import { ProofKeyCache } from '../../../src/jwt/dpop/proof-key-cache.ts';
import { DpopClient } from '../../support/dpop.ts';
import { NONCES, NOW_MS, URL, verdictOf } from './proof-verifier.ts';

const TOKEN = 'a.b.c';
const client = new DpopClient();

/** Judges a proof of `client` for a token that is bound to the key `jkt`. Returns whether its key is remembered. */
function isRemembered(jkt: string | undefined): boolean {
  const keys = new ProofKeyCache(1024 * 1024);
  const verify = createProofVerifier({ maxAgeSeconds: 60, noncePolicy: 'off', nonces: NONCES, keys });
  const proof = client.proof('GET', URL, TOKEN, { nowMs: NOW_MS });
  const outcome = verify(proof, { method: 'GET', urls: [URL], accessToken: TOKEN, jkt }, NOW_MS);
  expect(verdictOf(outcome)).toBe('accepted');
  return keys.get(proof.slice(0, proof.indexOf('.'))) !== undefined;
}

test('the key of a proof is remembered if the token is bound to it', () => {
  expect(isRemembered(client.jkt)).toBe(true);
});

test('a key that the token is not bound to is not remembered', () => {
  expect(isRemembered(new DpopClient().jkt)).toBe(false);
  expect(isRemembered(undefined)).toBe(false);
});
