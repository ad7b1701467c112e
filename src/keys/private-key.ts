import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { EcSigningKey, SigningKey } from '../jwt/signature.ts';

const MIN_MODULUS_BITS = 2048;
const MIN_PUBLIC_EXPONENT = 65_537n;
const PRIVATE_KEY_PEM = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/g;
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;

/** A key for assertions, which signs nothing else. */
export interface AssertionKey extends EcSigningKey {
  jwk: JWK;
}

/** A key for access and reset tokens, with the assertion key that is published, used and retired together with it. */
export interface RingKey extends SigningKey {
  /** The public half as it is published (RFC 7517). */
  jwk: JWK;
  assertionKey: AssertionKey;
}

/** A key is missing or weak. The message names the setting and the requirement, never the key. */
export class InvalidKeyError extends Error {
  readonly code = 'key_refused';
  override readonly name = 'InvalidKeyError';
}

/**
 * New private keys for one ring key in PEM (PKCS #8), first RSA, then EC. The RSA key has the minimum size, because
 * each request costs one verification.
 */
export async function makeKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MIN_MODULUS_BITS });
  return privateKey.export(PKCS8).toString() + (await makeEcPem());
}

/** The PEM of a ring key with a new EC key added, or undefined if it has one. @throws {InvalidKeyError} */
export async function withAssertionKey(pem: string): Promise<string | undefined> {
  const keys = readPrivateKeys(pem);
  return keys.some(isEc) ? undefined : `${pem.trimEnd()}\n${await makeEcPem()}`;
}

async function makeEcPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export(PKCS8).toString();
}

/**
 * Reads concatenated private keys in PEM (PKCS #8, PKCS #1 or SEC 1): for each RSA key one EC key, paired in order.
 * @throws {InvalidKeyError} also when an RSA key is weak or an EC key is on another curve than P-256
 */
export async function ringKeysFromPem(pem: string): Promise<RingKey[]> {
  const keys = readPrivateKeys(pem);
  const rsaKeys = keys.filter((key) => key.asymmetricKeyType === 'rsa');
  const ecKeys = keys.filter(isEc);
  if (rsaKeys.length === 0) throw new InvalidKeyError('SIGNING_KEY: must hold an RSA private key in PEM');
  if (ecKeys.length !== rsaKeys.length)
    throw new InvalidKeyError(
      'SIGNING_KEY: must hold one EC private key on the curve P-256, which signs assertions, for each RSA key',
    );
  return Promise.all(rsaKeys.map((rsa, n) => ringKey(rsa, ecKeys[n] as KeyObject)));
}

async function ringKey(privateKey: KeyObject, ecKey: KeyObject): Promise<RingKey> {
  const keyObject = createPublicKey(privateKey);
  const jwk = await publicJwk(keyObject, 'PS256');
  const algorithm = { name: 'RSA-PSS', hash: 'SHA-256' };
  const assertionJwk = await publicJwk(createPublicKey(ecKey), 'ES256');
  return {
    kid: jwk.kid,
    jwk,
    privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']) as CryptoKey,
    keyObject,
    assertionKey: { kid: assertionJwk.kid, privateKey: ecKey, jwk: assertionJwk },
  };
}

async function publicJwk(key: KeyObject, alg: 'PS256' | 'ES256'): Promise<JWK & { kid: string }> {
  const jwk = key.export({ format: 'jwk' }) as JWK;
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' };
}

const isEc = (key: KeyObject): boolean => key.asymmetricKeyType === 'ec';

function readPrivateKeys(pem: string): KeyObject[] {
  const blocks = pem.replaceAll(String.raw`\n`, '\n').match(PRIVATE_KEY_PEM) ?? [];
  if (blocks.length === 0)
    throw new InvalidKeyError('SIGNING_KEY: must hold private keys in PEM (PKCS #8), one RSA and one EC key');
  return blocks.map(readPrivateKey);
}

function readPrivateKey(pem: string): KeyObject {
  const key = parsePrivateKey(pem);
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (isEc(key)) {
    if (namedCurve !== 'prime256v1')
      throw new InvalidKeyError('SIGNING_KEY: must have its EC keys on the curve P-256');
    return key;
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new InvalidKeyError('SIGNING_KEY: must hold RSA and EC keys only');
  if (modulusLength < MIN_MODULUS_BITS || publicExponent < MIN_PUBLIC_EXPONENT)
    throw new InvalidKeyError(
      `SIGNING_KEY: must have RSA keys of at least ${MIN_MODULUS_BITS} bits with a public exponent of at least 65537`,
    );
  return key;
}

function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The parser's own error is dropped, because it could quote the key.
    throw new InvalidKeyError('SIGNING_KEY: must hold private keys in PEM (PKCS #8), without a passphrase');
  }
}
