import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** Private keys that are an attacker's own: the gateway has never seen them. */
export interface ForeignKeys {
  rsa: KeyObject;
  p256: KeyObject;
  p384: KeyObject;
  p521: KeyObject;
  ed25519: KeyObject;
}

const RSA_BITS = 2048;
const make = promisify(generateKeyPair);

export async function makeForeignKeys(): Promise<ForeignKeys> {
  const [rsa, p256, p384, p521, ed25519] = await Promise.all([
    make('rsa', { modulusLength: RSA_BITS }),
    make('ec', { namedCurve: 'P-256' }),
    make('ec', { namedCurve: 'P-384' }),
    make('ec', { namedCurve: 'P-521' }),
    make('ed25519'),
  ]);
  return {
    rsa: rsa.privateKey,
    p256: p256.privateKey,
    p384: p384.privateKey,
    p521: p521.privateKey,
    ed25519: ed25519.privateKey,
  };
}
