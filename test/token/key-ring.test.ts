import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyRefused, keptKeyRing, keyRingFromPem, makeKeyPem } from '../../src/token/key-ring.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

const pemOf = (key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

test('a key is made at the first start, kept with mode 0600, and used again at the next', async () => {
  const keys = join(directory, 'keys');
  const first = await keptKeyRing(keys);
  const second = await keptKeyRing(keys);
  expect(second.signing.kid).toBe(first.signing.kid);
  expect((await stat(join(keys, 'signing.pem'))).mode & 0o777).toBe(0o600);
  expect((await stat(keys)).mode & 0o777).toBe(0o700);
});

test('of several processes that start at once all use one key, and no draft is left', async () => {
  const rings = await Promise.all(Array.from({ length: 5 }, () => keptKeyRing(join(directory, 'keys'))));
  expect(new Set(rings.map((ring) => ring.signing.kid)).size).toBe(1);
  expect(await readdir(join(directory, 'keys'))).toEqual(['signing.pem']);
});

test('the published keys hold no private part', async () => {
  const ring = await keyRingFromPem(await makeKeyPem());
  expect(Object.keys(ring.jwks.keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('a key in one line with \\n written out, as environments carry it, is read', async () => {
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
])('a key %s is refused with the name of the setting and without the key', async (_what, make) => {
  const pem = await make();
  const fault = await keyRingFromPem(pem).catch((thrown: unknown) => thrown);
  expect(fault).toBeInstanceOf(KeyRefused);
  expect((fault as Error).message).toMatch(/^SIGNING_KEY: wants /);
  if (pem !== '')
    expect(JSON.stringify(fault) + String((fault as Error).stack)).not.toContain(pem.slice(0, 60));
});

test('a kept key that is unusable stops the start and is not replaced', async () => {
  await writeFile(join(directory, 'signing.pem'), 'rubbish');
  await expect(keptKeyRing(directory)).rejects.toBeInstanceOf(KeyRefused);
});
