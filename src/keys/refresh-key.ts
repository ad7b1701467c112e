import { randomBytes } from 'node:crypto';
import { MIN_REFRESH_KEY_BYTES } from '../sessions/refresh-token.ts';
import { InvalidKeyError } from './ring.ts';
import { loadOrCreateSecret } from './secret-file.ts';

/** Random bytes have nearly as many values as there are bytes; a pattern or a word typed in has fewer. */
const MIN_DISTINCT = 16;

/**
 * The key that authenticates refresh tokens, from base64url.
 * @throws {InvalidKeyError} when it is too short or plainly not random.
 */
export function readRefreshKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64url');
  if (key.length < MIN_REFRESH_KEY_BYTES || new Set(key).size < MIN_DISTINCT) {
    throw new InvalidKeyError(
      `REFRESH_KEY: wants at least ${MIN_REFRESH_KEY_BYTES} random bytes in base64url`,
    );
  }
  return key;
}

/** The key that an earlier start kept in `directory`, or a new one, kept with mode 0600. @throws {InvalidKeyError} */
export async function loadOrCreateRefreshKey(directory: string): Promise<Uint8Array> {
  const make = (): string => randomBytes(MIN_REFRESH_KEY_BYTES).toString('base64url');
  return readRefreshKey(await loadOrCreateSecret(directory, 'refresh.key', make));
}
