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
 * Reads the key that authenticates refresh tokens from base64url.
 * @throws {InvalidKeyError} when it is too short or obviously not random.
 */
export function readRefreshKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64url');
  if (key.length < MIN_BYTES || new Set(key).size < MIN_DISTINCT_BYTES)
    throw new InvalidKeyError(`REFRESH_KEY: must be at least ${MIN_BYTES} random bytes in base64url`);
  return key;
}

/**
 * The key in the directory's `refresh.key`, which is created with mode 0600 if it does not exist. When several
 * processes start at once, one creates it and all use it: the file appears complete or not at all.
 * @throws {InvalidKeyError} when the file holds no valid key.
 */
export async function loadOrCreateRefreshKey(directory: string): Promise<Uint8Array> {
  const path = join(directory, FILE);
  const text = await readIfPresent(path);
  if (text !== undefined) return readRefreshKey(text);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `${FILE}.${process.pid}.${crypto.randomUUID()}.draft`);
  await writeFile(draft, randomBytes(MIN_BYTES).toString('base64url'), { mode: 0o600 });
  await link(draft, path).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EEXIST') throw fault;
  });
  await rm(draft);
  return readRefreshKey(await readFile(path, 'utf8'));
}
