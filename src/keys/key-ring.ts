import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JSONWebKeySet, type JWK } from 'jose';

/**
 * The one signature algorithm: RSASSA-PSS with SHA-256 (RFC 7518, section 3.5). A constant: it is neither a
 * setting nor read from a token (RFC 8725, section 3.1).
 */
export const ALGORITHM = 'PS256';

const MIN_MODULUS_BITS = 2048;
const MIN_PUBLIC_EXPONENT = 65_537n;
const PRIVATE_KEY_PEM = /-----BEGIN ((?:RSA )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/g;

export interface RingKey {
  /** The RFC 7638 thumbprint of the public key. */
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  /** The same key for OpenSSL's own calls. */
  verifyingKey: KeyObject;
  /** The public half, as it is published (RFC 7517). */
  jwk: JWK;
}

/** The gateway's keys: the first signs, all of them verify. It is never changed; a change makes a new ring. */
export interface KeyRing {
  signing: RingKey;
  all: readonly RingKey[];
  /** What `/.well-known/jwks.json` shows. */
  jwks: JSONWebKeySet;
}

/** Keys are published, take over and drop out as time goes by: ask for the ring of the moment, and keep it no longer. */
export interface RingSource {
  at(nowMs: number): KeyRing;
}

/** One ring for all times. */
export const fixedRing = (ring: KeyRing): RingSource => ({ at: () => ring });

/** What depends on the ring, such as a verifier with its memory: made anew, and so emptied, when the ring changes. */
export function perRing<Made>(source: RingSource, make: (ring: KeyRing) => Made): (nowMs: number) => Made {
  let last: { ring: KeyRing; made: Made } | undefined;
  return (nowMs) => {
    const ring = source.at(nowMs);
    if (last?.ring !== ring) last = { ring, made: make(ring) };
    return last.made;
  };
}

/** A signing key is missing or weak. The message names the setting and what it wants, never the key. */
export class KeyRefused extends Error {
  readonly code = 'key_refused';
  override readonly name = 'KeyRefused';
}

/**
 * Builds the ring from one or more private keys in PEM (PKCS #8 or PKCS #1), one after the other.
 * @throws {KeyRefused} when a key isn't RSA, is under 2048 bits or has a public exponent under 65537.
 */
export async function keyRingFromPem(pem: string): Promise<KeyRing> {
  const blocks = pem.replaceAll(String.raw`\n`, '\n').match(PRIVATE_KEY_PEM) ?? [];
  const [signing, ...others] = await Promise.all(blocks.map(ringKeyFromPem));
  if (signing === undefined)
    throw new KeyRefused('SIGNING_KEY: wants at least one RSA private key in PEM (PKCS #8)');
  return ringOf(signing, others);
}

/** A ring of keys that are read already. */
export function ringOf(signing: RingKey, others: readonly RingKey[]): KeyRing {
  const all = [signing, ...others];
  return { signing, all, jwks: { keys: all.map(({ jwk }) => jwk) } };
}

/** A new private key of the least size that is accepted, in PEM (PKCS #8): each request costs one verification. */
export async function makeKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MIN_MODULUS_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** One key, from a private key in PEM. @throws {KeyRefused} as `keyRingFromPem` does. */
export async function ringKeyFromPem(pem: string): Promise<RingKey> {
  const privateKey = readPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const { kty, n, e } = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint({ kty, n, e } as JWK);
  return {
    kid,
    jwk: { kty, n, e, kid, alg: ALGORITHM, use: 'sig' } as JWK,
    privateKey: privateKey.toCryptoKey({ name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign']) as CryptoKey,
    publicKey: publicKey.toCryptoKey({ name: 'RSA-PSS', hash: 'SHA-256' }, true, ['verify']) as CryptoKey,
    verifyingKey: publicKey,
  };
}

function readPrivateKey(pem: string): KeyObject {
  const key = parsePrivateKey(pem);
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') throw new KeyRefused('SIGNING_KEY: wants RSA keys');
  if (modulusLength < MIN_MODULUS_BITS || publicExponent < MIN_PUBLIC_EXPONENT) {
    throw new KeyRefused(
      `SIGNING_KEY: wants at least ${MIN_MODULUS_BITS} bits and an exponent of 65537 or more`,
    );
  }
  return key;
}

function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The parser's own error is dropped: it could quote what it could not read.
    throw new KeyRefused('SIGNING_KEY: wants RSA private keys in PEM (PKCS #8), without a passphrase');
  }
}
