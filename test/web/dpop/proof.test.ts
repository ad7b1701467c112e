import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, type JWK, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { createLoginKey, thumbprint } from '../../../src/web/dpop/login-key.ts';
import { createProof } from '../../../src/web/dpop/proof.ts';

const NOW_MS = 1_760_000_000_999;
const URL_OF_ACCOUNTS = new URL('https://bank.example/bank/accounts?limit=3#top');

/** Checks the signature with the key in the header, and returns both parts. */
async function verified(proof: string) {
  const header = decodeProtectedHeader(proof);
  const key = await importJWK(header.jwk as JWK, 'ES256');
  const { payload } = await jwtVerify(proof, key, { typ: 'dpop+jwt', algorithms: ['ES256'] });
  return { header, payload };
}

test('a login key cannot be exported, and can only sign', async () => {
  const { privateKey } = await createLoginKey();
  expect(privateKey).toMatchObject({ extractable: false, usages: ['sign'] });
  for (const format of ['jwk', 'pkcs8'] as const)
    await expect(crypto.subtle.exportKey(format, privateKey)).rejects.toMatchObject({
      name: 'InvalidAccessError',
    });
});

test('a login key has the thumbprint that another implementation computes (RFC 7638)', async () => {
  const { jkt, publicJwk } = await createLoginKey();
  expect(jkt).toBe(await calculateJwkThumbprint(publicJwk));
});

test('the thumbprint of the example key in RFC 9449 is the one given there', async () => {
  const publicJwk = {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  };
  expect(await thumbprint(publicJwk)).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
});

test('a proof is a signed JWT for one method, one URL without its query, and one access token', async () => {
  const key = await createLoginKey();
  const request = { method: 'POST', url: URL_OF_ACCOUNTS, accessTokenHash: 'hash', nonce: 'nonce' };
  const { header, payload } = await verified(await createProof(key, request, NOW_MS));
  expect(header).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk });
  expect(payload).toEqual({
    htm: 'POST',
    htu: 'https://bank.example/bank/accounts',
    iat: 1_760_000_000,
    jti: expect.stringMatching(/^[\da-f-]{36}$/),
    ath: 'hash',
    nonce: 'nonce',
  });
});

test('a proof without an access token and a nonce has no such claims, and no two proofs have the same jti', async () => {
  const key = await createLoginKey();
  const request = { method: 'GET', url: URL_OF_ACCOUNTS };
  const payloads = await Promise.all(
    [1, 2].map(async () => (await verified(await createProof(key, request, NOW_MS))).payload),
  );
  for (const payload of payloads) expect(Object.keys(payload).sort()).toEqual(['htm', 'htu', 'iat', 'jti']);
  expect(payloads[0]?.jti).not.toBe(payloads[1]?.jti);
});
