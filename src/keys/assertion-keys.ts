import { KeyObject } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK } from 'jose';
import type { PublicKey } from '../jwt/signature.ts';
import { InvalidKeyError } from './private-key.ts';

/** The only algorithm of assertions. A key set also holds the keys of other tokens, which must not verify one. */
const ALGORITHM = 'ES256';

/** The keys of a key set that verify assertions. */
export interface AssertionKeys {
  kids: ReadonlySet<string>;
  find(kid: string): Promise<PublicKey | undefined>;
}

/** Reads a key set (RFC 7517, section 5). @throws when the text is not a key set */
export function readAssertionKeys(text: string): AssertionKeys {
  const set = JSON.parse(text) as JSONWebKeySet;
  const keys = set.keys.filter(isAssertionKey);
  const findKey = createLocalJWKSet({ keys });
  return {
    kids: new Set(keys.flatMap(({ kid }) => kid ?? [])),
    find: async (kid) => {
      try {
        return { kid, keyObject: KeyObject.from(await findKey({ alg: ALGORITHM, kid })) };
      } catch (fault) {
        if (fault instanceof errors.JOSEError) return undefined;
        throw fault;
      }
    },
  };
}

const isAssertionKey = ({ kty, crv, alg, use }: JWK): boolean =>
  kty === 'EC' && crv === 'P-256' && alg === ALGORITHM && use === 'sig';

/**
 * The keys of a set that is part of the settings, so that nobody on the network can replace them.
 * @throws {InvalidKeyError} when it is not a key set with a key for assertions
 */
export function pinnedAssertionKeys(text: string): AssertionKeys & { has(kid: string): boolean } {
  const keys = keysOrUndefined(text);
  if (keys === undefined || keys.kids.size === 0)
    throw new InvalidKeyError('JWKS: must be a JSON Web Key Set with at least one ES256 key');
  return { ...keys, has: (kid) => keys.kids.has(kid) };
}

function keysOrUndefined(text: string): AssertionKeys | undefined {
  try {
    return readAssertionKeys(text);
  } catch {
    return undefined;
  }
}
