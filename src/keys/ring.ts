import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JSONWebKeySet, type JWK } from 'jose';
import { ALGORITHM, type KeySet, type SigningKey } from '../jwt/signature.ts';

const MIN_MODULUS_BITS = 2048;
const MIN_PUBLIC_EXPONENT = 65_537n;
const PRIVATE_KEY_PEM = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/g;

export interface RingKey extends SigningKey {
  /** The public half as it is published (RFC 7517). */
  jwk: JWK;
}

/** The gateway's keys at one moment: the first signs, all verify. It is immutable; each change makes a new ring. */
export interface KeyRing extends KeySet {
  signing: RingKey;
  all: readonly RingKey[];
  /** The response of `/.well-known/jwks.json`. */
  jwks: JSONWebKeySet;
}

/** The key ring over time. Ask for the current ring each time it is used, and do not store it. */
export interface RingSource {
  at(nowMs: number): KeyRing;
}

/** A source that always returns the same ring. */
export const fixedRing = (ring: KeyRing): RingSource => ({ at: () => ring });

/**
 * Creates something that depends on the ring, such as a verifier with its cache, once for each ring. A change of the
 * ring discards it, and its cache with it.
 */
export function oncePerRing<T>(source: RingSource, create: (ring: KeyRing) => T): (nowMs: number) => T {
  let last: { ring: KeyRing; value: T } | undefined;
  return (nowMs) => {
    const ring = source.at(nowMs);
    if (last?.ring !== ring) last = { ring, value: create(ring) };
    return last.value;
  };
}

/** A key is missing or weak. The message names the setting and the requirement, never the key. */
export class InvalidKeyError extends Error {
  readonly code = 'key_refused';
  override readonly name = 'InvalidKeyError';
}

/**
 * Reads a ring from one or more concatenated private keys in PEM (PKCS #8 or PKCS #1). The first one signs.
 * @throws {InvalidKeyError} when a key isn't RSA, has under 2048 bits or a public exponent under 65537.
 */
export async function keyRingFromPem(pem: string): Promise<KeyRing> {
  const blocks = pem.replaceAll(String.raw`\n`, '\n').match(PRIVATE_KEY_PEM) ?? [];
  const [signing, ...others] = await Promise.all(blocks.map(ringKeyFromPem));
  if (signing === undefined)
    throw new InvalidKeyError('SIGNING_KEY: must hold at least one RSA private key in PEM (PKCS #8)');
  return ringOf(signing, others);
}

/** A ring of the given keys. */
export function ringOf(signing: RingKey, others: readonly RingKey[]): KeyRing {
  const all = [signing, ...others];
  return { signing, all, jwks: { keys: all.map(({ jwk }) => jwk) } };
}

/** A new private key in PEM (PKCS #8). It has the minimum size, because each request costs one verification. */
export async function makeKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MIN_MODULUS_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Reads one private key in PEM. @throws {InvalidKeyError} as `keyRingFromPem` does. */
export async function ringKeyFromPem(pem: string): Promise<RingKey> {
  const privateKey = readPrivateKey(pem);
  const keyObject = createPublicKey(privateKey);
  const { kty, n, e } = keyObject.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint({ kty, n, e } as JWK);
  return {
    kid,
    jwk: { kty, n, e, kid, alg: ALGORITHM, use: 'sig' } as JWK,
    privateKey: privateKey.toCryptoKey({ name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign']) as CryptoKey,
    publicKey: keyObject.toCryptoKey({ name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify']) as CryptoKey,
    keyObject,
  };
}

function readPrivateKey(pem: string): KeyObject {
  const key = parsePrivateKey(pem);
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') throw new InvalidKeyError('SIGNING_KEY: must be an RSA key');
  if (modulusLength < MIN_MODULUS_BITS || publicExponent < MIN_PUBLIC_EXPONENT)
    throw new InvalidKeyError(
      `SIGNING_KEY: must have at least ${MIN_MODULUS_BITS} bits and a public exponent of at least 65537`,
    );
  return key;
}

function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The parser's own error is dropped, because it could quote the key.
    throw new InvalidKeyError('SIGNING_KEY: must be RSA private keys in PEM (PKCS #8), without a passphrase');
  }
}
