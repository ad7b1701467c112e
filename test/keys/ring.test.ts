import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { InvalidKeyError, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const pemOf = (key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

test('the published keys contain no private parts, and each has its one algorithm', async () => {
  const { jwks } = await keyRingFromPem(await makeKeyPem());
  expect(jwks.keys.map((key) => Object.keys(key).sort())).toEqual([
    ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  ]);
  expect(jwks.keys.map(({ kty, alg }) => [kty, alg])).toEqual([
    ['RSA', 'PS256'],
    ['EC', 'ES256'],
  ]);
});

test('RSA and EC keys are paired in order, and the first pair signs', async () => {
  const [one, two] = [await makeKeyPem(), await makeKeyPem()];
  const [first, second] = [await keyRingFromPem(one), await keyRingFromPem(two)];
  const both = await keyRingFromPem(one + two);
  expect(both.all.map(({ kid, assertionKey }) => [kid, assertionKey.kid])).toEqual(
    [first, second].map(({ signing }) => [signing.kid, signing.assertionKey.kid]),
  );
  expect(both.signing.kid).toBe(first.signing.kid);
});

test('a key in one line with escaped line breaks, as in environment variables, is read', async () => {
  const pem = await makeKeyPem();
  const flat = pem.replaceAll('\n', String.raw`\n`);
  expect((await keyRingFromPem(flat)).signing.kid).toBe((await keyRingFromPem(pem)).signing.kid);
});

test.each([
  ['of 1024 bits', () => pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
  [
    'with a public exponent of 3',
    () => pemOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey),
  ],
  ['for assertions only', () => pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
  [
    'without a key for assertions',
    () => pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  ],
  [
    'with two keys for assertions',
    async () => (await makeKeyPem()) + pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ],
  [
    'with a key for assertions on another curve',
    () =>
      pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) +
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
  ],
  ['of another kind', async () => (await makeKeyPem()) + pemOf(generateKeyPairSync('ed25519').privateKey)],
  ['that is cut off', async () => (await makeKeyPem()).replace(/.{200}(?=\n-----END)/s, '')],
  ['that is no key', () => 'hunter2'],
  ['that is empty', () => ''],
])(
  'a key %s is refused with an error that names the setting and does not quote the key',
  async (_what, make) => {
    const pem = await make();
    const fault = await keyRingFromPem(pem).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(InvalidKeyError);
    expect((fault as Error).message).toMatch(/^SIGNING_KEY: must /);
    if (pem !== '')
      expect(JSON.stringify(fault) + String((fault as Error).stack)).not.toContain(pem.slice(0, 60));
  },
);
