import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../refusal.ts';
import { keyFile, RECORD_FILE, readRing, SINGLE_KEY_FILE, storedKids } from './directory.ts';
import { InvalidKeyError } from './ring.ts';
import { type RingRecord, ringRecordSchema } from './schedule.ts';

/** The next record while it is written. Only one process can make the file, so it is the lock as well. */
const DRAFT_FILE = 'ring.json.next';
const LOCK_WAIT_MS = 3000;
const LOCK_POLL_MS = 20;

/** A private key in PEM and its kid. */
export interface NamedKey {
  kid: string;
  pem: string;
}

export interface RingChange {
  record: Omit<RingRecord, 'version'>;
  newKey?: NamedKey;
}

/** What becomes of the ring that is there, or why nothing does. */
type Outcome = RingChange | Refusal<string>;

/**
 * Changes the ring as one step: readers see the record before or the one after, and of two processes one changes
 * it after the other. A new private key is there before the record names it; those that the record no longer needs
 * are removed after it.
 * @throws {InvalidKeyError} when another process doesn't finish its change; and whatever `change` throws.
 */
export async function changeRing<Made extends Outcome>(
  directory: string,
  change: (present: RingRecord | undefined) => Made,
): Promise<RingRecord | Extract<Made, Refusal<string>>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const replaced = await replaceRecord(directory, change);
  if (replaced instanceof Refusal) return replaced;
  const { present, next } = replaced;
  const kept = new Set(storedKids(next));
  const gone = [...(present?.keys ?? []), ...next.keys].filter(({ kid }) => !kept.has(kid));
  for (const { kid } of gone) await rm(keyFile(directory, kid), { force: true });
  await rm(join(directory, SINGLE_KEY_FILE), { force: true });
  return next;
}

async function replaceRecord<Made extends Outcome>(
  directory: string,
  change: (present: RingRecord | undefined) => Made,
): Promise<{ present: RingRecord | undefined; next: RingRecord } | Extract<Made, Refusal<string>>> {
  const draftPath = join(directory, DRAFT_FILE);
  const draft = await takeDraft(draftPath);
  try {
    const present = await readRing(directory);
    const changed: Outcome = change(present);
    if (changed instanceof Refusal) {
      await letGo(draft, draftPath);
      return changed as Extract<Made, Refusal<string>>;
    }
    const { record, newKey } = changed;
    const next = withVersion(record, (present?.version ?? 0) + 1);
    if (newKey !== undefined)
      await writeDurably(await open(keyFile(directory, newKey.kid), 'w', 0o600), newKey.pem);
    await writeDurably(draft, `${JSON.stringify(next, null, 2)}\n`);
    await rename(draftPath, join(directory, RECORD_FILE));
    return { present, next };
  } catch (fault) {
    await letGo(draft, draftPath);
    throw fault;
  }
}

async function letGo(draft: FileHandle, path: string): Promise<void> {
  await draft.close();
  await rm(path, { force: true });
}

function withVersion(record: RingChange['record'], version: number): RingRecord {
  const parsed = ringRecordSchema.safeParse({ ...record, version });
  if (!parsed.success) throw new InvalidKeyError('KEYS_DIR: the ring there holds as many keys as it may');
  return parsed.data;
}

async function takeDraft(path: string): Promise<FileHandle> {
  for (let waitedMs = 0; waitedMs < LOCK_WAIT_MS; waitedMs += LOCK_POLL_MS) {
    try {
      return await open(path, 'wx', 0o600);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
    await delay(LOCK_POLL_MS);
  }
  throw new InvalidKeyError(`KEYS_DIR: another process is changing the ring; if none is, delete ${path}`);
}

async function writeDurably(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
