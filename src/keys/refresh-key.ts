import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidKeyError } from './ring.ts';
import { readIfPresent } from './store.ts';

const FILE = 'refresh.key';

/** The minimum length of the key: that of the HMAC's output (RFC 2104, section 3). */
const MIN_BYTES = 32;

/** Random bytes have almost as many distinct values as bytes; a pattern or a typed word has fewer. */
const MIN_DISTINCT_BYTES = 16;

/**
 * Reads a secret key from base64url. `name` is the setting that it comes from.
 * @throws {InvalidKeyError} when it is too short or obviously not random.
 */
export function readRandomKey(text: string, name: string): Uint8Array {
  const key = Buffer.from(text, 'base64url');
  if (key.length < MIN_BYTES || new Set(key).size < MIN_DISTINCT_BYTES)
    throw new InvalidKeyError(`${name}: must be at least ${MIN_BYTES} random bytes in base64url`);
  return key;
}

/** Reads the key that authenticates refresh tokens from base64url. @throws {InvalidKeyError} */
export const readRefreshKey = (text: string): Uint8Array => readRandomKey(text, 'REFRESH_KEY');

/** The key in the directory's `refresh.key`, which is created if it does not exist. @throws {InvalidKeyError} */
export const loadOrCreateRefreshKey = async (directory: string): Promise<Uint8Array> =>
  readRefreshKey(await loadOrCreateKeyFile(directory, FILE));

/**
 * The text of a key file, which is created with a random key and mode 0600 if it does not exist. When several processes
 * start at once, one creates it and all use it: the file appears complete or not at all.
 */
export async function loadOrCreateKeyFile(directory: string, file: string): Promise<string> {
  const path = join(directory, file);
  const text = await readIfPresent(path);
  if (text !== undefined) return text;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `${file}.${process.pid}.${crypto.randomUUID()}.draft`);
  await writeFile(draft, randomBytes(MIN_BYTES).toString('base64url'), { mode: 0o600 });
  await link(draft, path).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EEXIST') throw fault;
  });
  await rm(draft);
  return readFile(path, 'utf8');
}
