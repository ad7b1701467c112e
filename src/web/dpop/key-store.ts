import { createStore, delMany, entries, get, set } from 'idb-keyval';
import type { LoginKey } from './login-key.ts';

/** A key in the browser's storage, by its thumbprint. */
export interface StoredKey extends LoginKey {
  /** Milliseconds since 1970. */
  createdAtMs: number;
  /** The session that is bound to it. Undefined until the login has succeeded. */
  sessionId?: string;
}

/** The browser does not keep keys: it has no IndexedDB, or it failed. The message is shown to the user. */
export class KeyStorageError extends Error {
  override readonly name = 'KeyStorageError';

  constructor(cause?: unknown) {
    super(
      "Your browser doesn't let this site store the key that protects your session. " +
        'Allow site data for this site, leave private browsing, or use another browser.',
      { cause },
    );
  }
}

/** Some browsers never answer when their storage is damaged. */
const TIMEOUT_MS = 5000;

const store = createStore('portcullis', 'login-keys');

/** The key that was read last, so that a request does not have to wait for the storage. */
let latest: StoredKey | undefined;

/** @throws {KeyStorageError} */
export const saveKey = (key: StoredKey): Promise<void> => answered(() => set(key.jkt, key, store));

/** @throws {KeyStorageError} */
export async function findKey(jkt: string): Promise<StoredKey | undefined> {
  if (latest?.jkt === jkt) return latest;
  const found = await answered(() => get<StoredKey>(jkt, store));
  latest = found ?? latest;
  return found;
}

/** Deletes the keys for which `isObsolete`. @throws {KeyStorageError} */
export async function deleteKeys(isObsolete: (key: StoredKey) => boolean): Promise<void> {
  latest = undefined;
  const all = await answered(() => entries<string, StoredKey>(store));
  const obsolete = all.filter(([, key]) => isObsolete(key)).map(([jkt]) => jkt);
  if (obsolete.length > 0) await answered(() => delMany(obsolete, store));
}

async function answered<Result>(operation: () => Promise<Result>): Promise<Result> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error('no answer')), TIMEOUT_MS);
  try {
    return await Promise.race([operation(), timeout.promise]);
  } catch (cause) {
    throw new KeyStorageError(cause);
  } finally {
    clearTimeout(timer);
  }
}
