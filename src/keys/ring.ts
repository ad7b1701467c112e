import type { JSONWebKeySet } from 'jose';
import type { KeySet } from '../jwt/signature.ts';
import { InvalidKeyError, makeKeyPem, type RingKey, ringKeysFromPem } from './private-key.ts';

export { InvalidKeyError, makeKeyPem };

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

/** Reads a ring from PEM, as {@link ringKeysFromPem} does. The first key of each kind signs. */
export async function keyRingFromPem(pem: string): Promise<KeyRing> {
  const [signing, ...others] = await ringKeysFromPem(pem);
  return ringOf(signing as RingKey, others);
}

/** A ring of the given keys. */
export function ringOf(signing: RingKey, others: readonly RingKey[]): KeyRing {
  const all = [signing, ...others];
  return { signing, all, jwks: { keys: all.flatMap(({ jwk, assertionKey }) => [jwk, assertionKey.jwk]) } };
}
