import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { keysDirectory } from './open.ts';
import { loadOrCreateKeyFile, readRandomKey } from './refresh-key.ts';
import { readIfPresent } from './store.ts';

const FILE = 'password-pepper.key';
const ID_CHARACTERS = 8;

/** A key that password hashes are authenticated with. It is never in Redis. */
export interface Pepper {
  /** From a hash of the key, so that stored hashes can name it. */
  id: string;
  key: KeyObject;
}

interface PepperSettings {
  passwordPepper?: string | undefined;
  keysDir?: string | undefined;
  dataDir: string;
}

/**
 * Reads keys in base64url that are separated by commas or white space.
 * @throws {InvalidKeyError} when one is too short or obviously not random, or when there is none.
 */
export const readPeppers = (text: string): Pepper[] =>
  text
    .trim()
    .split(/[\s,]+/)
    .map(readPepper);

function readPepper(text: string): Pepper {
  const key = readRandomKey(text, 'PASSWORD_PEPPER');
  const digest = createHash('sha256').update('portcullis password pepper id').update(key);
  return { id: digest.digest('base64url').slice(0, ID_CHARACTERS), key: createSecretKey(key) };
}

/**
 * The keys of the setting or, without it, the one in the directory of the keys, which is created if necessary: outside
 * production, where the setting is required. @throws {InvalidKeyError}
 */
export const openPeppers = async (settings: PepperSettings): Promise<Pepper[]> =>
  readPeppers(settings.passwordPepper ?? (await loadOrCreateKeyFile(keysDirectory(settings), FILE)));

/**
 * The keys that are there, for a command that must not create any: a gateway may use another directory, and replaces a
 * hash without a key at the first login. @throws {InvalidKeyError}
 */
export async function presentPeppers(settings: PepperSettings): Promise<Pepper[]> {
  const text = settings.passwordPepper ?? (await readIfPresent(join(keysDirectory(settings), FILE)));
  return text === undefined ? [] : readPeppers(text);
}
