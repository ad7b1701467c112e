import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidKeyError, type RingKey, ringKeyFromPem } from './ring.ts';
import { type RingRecord, ringRecordSchema } from './schedule.ts';

/**
 * A key ring as files: `ring.json` and, for each key that is not over, its private half in PEM (`<kid>.pem`). The
 * directory is what the processes of a gateway share. Keys never go through Redis, not even public ones: whoever
 * can write to it could otherwise make tokens.
 */

export const RECORD_FILE = 'ring.json';

/** What a single key was kept in before there were rings. */
export const SINGLE_KEY_FILE = 'signing.pem';

export const keyFile = (directory: string, kid: string): string => join(directory, `${kid}.pem`);

/** The record, or undefined when there is no ring. @throws {InvalidKeyError} when it can't be understood. */
export async function readRing(directory: string): Promise<RingRecord | undefined> {
  const text = await readIfPresent(join(directory, RECORD_FILE));
  if (text === undefined) return undefined;
  const parsed = ringRecordSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new InvalidKeyError(`KEYS_DIR: ${RECORD_FILE} there is damaged`);
  return parsed.data;
}

/** A text that changes whenever `ring.json` does. @throws when there is none. */
export async function ringStamp(directory: string): Promise<string> {
  const { ino, mtimeNs, size } = await stat(join(directory, RECORD_FILE), { bigint: true });
  return `${ino} ${mtimeNs} ${size}`;
}

/**
 * The keys of a record that have a file, by kid; read from it unless they are `known` already.
 * @throws {InvalidKeyError} when a file is missing or holds another key.
 */
export async function readKeys(
  directory: string,
  record: RingRecord,
  known: ReadonlyMap<string, RingKey> = new Map(),
): Promise<Map<string, RingKey>> {
  const kids = storedKids(record);
  const keys = await Promise.all(kids.map((kid) => known.get(kid) ?? readKey(directory, kid)));
  return new Map(keys.map((key) => [key.kid, key]));
}

/** The keys of a record that have a file. */
export const storedKids = (record: RingRecord): string[] =>
  record.keys.filter((key) => key.retiredMs === undefined).map((key) => key.kid);

export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

async function readKey(directory: string, kid: string): Promise<RingKey> {
  const pem = await readIfPresent(keyFile(directory, kid));
  if (pem === undefined) throw new InvalidKeyError(`KEYS_DIR: ${kid}.pem is missing there`);
  const key = await ringKeyFromPem(pem).catch(() => undefined);
  if (key?.kid !== kid) throw new InvalidKeyError(`KEYS_DIR: ${kid}.pem there does not hold that key`);
  return key;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
