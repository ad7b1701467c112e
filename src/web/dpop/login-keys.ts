import { deleteKeys, findKey, type StoredKey, saveKey } from './key-store.ts';
import { createLoginKey, type LoginKey } from './login-key.ts';
import { readPresence } from './presence.ts';

/** For so long a login can be in progress in another tab. */
const LOGIN_MAX_MS = 5 * 60_000;

/** Why a browser cannot prove that it holds a key. */
export type MissingSupport = 'secure-context' | 'storage';

/** What this browser lacks for a login, if anything. */
export async function missingSupport(): Promise<MissingSupport | undefined> {
  if (globalThis.crypto?.subtle === undefined) return 'secure-context';
  return deleteUnusedKeys().then(
    () => undefined,
    () => 'storage',
  );
}

/**
 * Logs in with a new key. It is stored before the request, so that no tab has the cookies of the new session without its
 * key, and deleted if the cookies do not name it afterwards.
 * @throws {KeyStorageError} or what `logIn` throws
 */
export async function withNewKey<Result extends { session_id: string }>(
  logIn: (key: LoginKey) => Promise<Result>,
): Promise<Result> {
  const key: StoredKey = { ...(await createLoginKey()), createdAtMs: Date.now() };
  await saveKey(key);
  try {
    const result = await logIn(key);
    await saveKey({ ...key, sessionId: result.session_id });
    return result;
  } finally {
    await deleteUnusedKeys(key.jkt).catch(() => {});
  }
}

/** Deletes the key of a session that has ended, and only this one: another tab may have logged in since. */
export const deleteKeyOf = (sessionId: string): Promise<void> =>
  deleteKeys((key) => key.sessionId === sessionId).catch(() => {});

/** Whether the key of this browser's session is there. A session that is not bound to a key needs none. */
export async function hasKeyOfSession(): Promise<boolean> {
  const jkt = readPresence()?.jkt;
  return jkt === undefined || (await findKey(jkt).catch(() => undefined)) !== undefined;
}

/** Deletes the keys that no cookie names, except those of logins in progress. `finished` is no longer in progress. */
export const deleteUnusedKeys = (finished?: string): Promise<void> =>
  deleteKeys(({ jkt, sessionId, createdAtMs }) => {
    if (readPresence()?.jkt === jkt) return false;
    const isRecent = Math.abs(Date.now() - createdAtMs) < LOGIN_MAX_MS;
    return jkt === finished || sessionId !== undefined || !isRecent;
  });
