import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { compactVerify } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import type { AttackerKeys } from '../../src/probe/attack.ts';
import { generateAttackerKeys } from '../../src/probe/attacker-keys.ts';
import { forge, type JwsAlgorithm } from '../../src/probe/forge.ts';

let keys: AttackerKeys & { secret: Buffer };
beforeAll(async () => {
  keys = { ...(await generateAttackerKeys()), secret: randomBytes(64) };
});

const verificationKey = (key: KeyObject | Buffer): KeyObject | Buffer =>
  Buffer.isBuffer(key) ? key : createPublicKey(key);

/** An attack proves nothing if the gateway rejects it because of a mistake in the probe. */
test.each<[JwsAlgorithm, keyof typeof keys]>([
  ['HS256', 'secret'],
  ['HS384', 'secret'],
  ['HS512', 'secret'],
  ['RS256', 'rsa'],
  ['RS384', 'rsa'],
  ['RS512', 'rsa'],
  ['PS256', 'rsa'],
  ['PS384', 'rsa'],
  ['PS512', 'rsa'],
  ['ES256', 'p256'],
  ['ES384', 'p384'],
  ['ES512', 'p521'],
  ['EdDSA', 'ed25519'],
  ['Ed25519', 'ed25519'],
])('a token forged by %s is verified with its key', async (algorithm, name) => {
  const token = forge({ header: { alg: algorithm }, payload: { sub: 'x' }, algorithm, key: keys[name] });
  const { payload } = await compactVerify(token, verificationKey(keys[name]), { algorithms: [algorithm] });
  expect(Buffer.from(payload).toString()).toBe('{"sub":"x"}');
});
