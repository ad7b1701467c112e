import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { InvalidKeyError, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const pemOf = (key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

test('the published keys contain no private parts', async () => {
  const ring = await keyRingFromPem(await makeKeyPem());
  expect(Object.keys(ring.jwks.keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
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
  ['on an elliptic curve', () => pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
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
