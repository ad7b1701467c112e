import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidKeyError, type RingKey, ringKeysFromPem, withAssertionKey } from './private-key.ts';
import { type RingRecord, ringRecordSchema } from './schedule.ts';

/**
 * The key ring on disk: `ring.json`, and for each key in it that is not retired `<kid>.pem`, which holds its private RSA
 * key, whose id is `<kid>`, and its private EC key for assertions. All processes of a gateway share the directory. Keys never go through Redis, not even public ones: otherwise an
 * attacker with write access to Redis could forge tokens.
 */

export const RECORD_FILE = 'ring.json';

/** The file of the single key in versions without key rings. */
export const SINGLE_KEY_FILE = 'signing.pem';

/** The private keys of one ring key in PEM, and its kid. */
export interface NamedKey {
  kid: string;
  pem: string;
}

export const keyFile = (directory: string, kid: string): string => join(directory, `${kid}.pem`);

/** The ring record, or undefined when there is no ring. @throws {InvalidKeyError} when it cannot be parsed. */
export async function readRing(directory: string): Promise<RingRecord | undefined> {
  const text = await readIfPresent(join(directory, RECORD_FILE));
  if (text === undefined) return undefined;
  const parsed = ringRecordSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new InvalidKeyError(`KEYS_DIR: ${RECORD_FILE} is damaged`);
  return parsed.data;
}

/** A text that differs after each change of `ring.json`. @throws when the file does not exist. */
export async function ringStamp(directory: string): Promise<string> {
  const { ino, mtimeNs, size } = await stat(join(directory, RECORD_FILE), { bigint: true });
  return `${ino} ${mtimeNs} ${size}`;
}

/**
 * The keys of a record by kid, without the retired ones. Keys in `known` are not read again.
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

/** The kids of the keys that have a file. */
export const storedKids = (record: RingRecord): string[] =>
  record.keys.filter((key) => key.retiredMs === undefined).map((key) => key.kid);

/** The text of a file, or undefined when it does not exist. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/**
 * The key files of a record that have no assertion key, as versions before assertion keys wrote them, with a new one.
 * Files that cannot be read are left out.
 */
export async function completedKeys(directory: string, record: RingRecord): Promise<NamedKey[]> {
  const completed = await Promise.all(
    storedKids(record).map(async (kid) => {
      const stored = (await readIfPresent(keyFile(directory, kid))) ?? '';
      const pem = await withAssertionKey(stored).catch(() => undefined);
      return pem === undefined ? [] : [{ kid, pem }];
    }),
  );
  return completed.flat();
}

async function readKey(directory: string, kid: string): Promise<RingKey> {
  const pem = await readIfPresent(keyFile(directory, kid));
  if (pem === undefined) throw new InvalidKeyError(`KEYS_DIR: ${kid}.pem is missing`);
  const keys = await ringKeysFromPem(pem).catch(() => []);
  const [key] = keys;
  if (key?.kid !== kid || keys.length > 1)
    throw new InvalidKeyError(`KEYS_DIR: ${kid}.pem does not hold the key with that id`);
  return key;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
