import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../refusal.ts';
import { InvalidKeyError } from './ring.ts';
import { type RingRecord, ringRecordSchema } from './schedule.ts';
import { keyFile, type NamedKey, RECORD_FILE, readRing, SINGLE_KEY_FILE, storedKids } from './store.ts';

/** The next record while it is being written. Only one process can create the file, so it is the lock as well. */
const DRAFT_FILE = 'ring.json.next';
const LOCK_TIMEOUT_MS = 3000;
const LOCK_POLL_MS = 20;

interface RingChange {
  record: Omit<RingRecord, 'version'>;
  /** Key files to write. A file that exists is replaced. */
  keyFiles?: readonly NamedKey[];
}

/** A change of the current ring, or why there is none. */
type Outcome = RingChange | Refusal<string>;

/**
 * Changes the ring atomically: readers see the record before or after, and concurrent changes run one after the
 * other. Key files are written before the record that names them; those that the record no longer needs are deleted
 * after it.
 * @throws {InvalidKeyError} when another process holds the lock for too long; and whatever `change` throws.
 */
export async function changeRing<Made extends Outcome>(
  directory: string,
  change: (current: RingRecord | undefined) => Made | Promise<Made>,
): Promise<RingRecord | Extract<Made, Refusal<string>>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const replaced = await replaceRecord(directory, change);
  if (replaced instanceof Refusal) return replaced;
  const { current, next } = replaced;
  const stored = new Set(storedKids(next));
  const removed = [...(current?.keys ?? []), ...next.keys].filter(({ kid }) => !stored.has(kid));
  for (const { kid } of removed) await rm(keyFile(directory, kid), { force: true });
  await rm(join(directory, SINGLE_KEY_FILE), { force: true });
  return next;
}

async function replaceRecord<Made extends Outcome>(
  directory: string,
  change: (current: RingRecord | undefined) => Made | Promise<Made>,
): Promise<{ current: RingRecord | undefined; next: RingRecord } | Extract<Made, Refusal<string>>> {
  const draftPath = join(directory, DRAFT_FILE);
  const draft = await acquireDraft(draftPath);
  try {
    const current = await readRing(directory);
    const changed: Outcome = await change(current);
    if (changed instanceof Refusal) {
      await releaseDraft(draft, draftPath);
      return changed as Extract<Made, Refusal<string>>;
    }
    const { record, keyFiles = [] } = changed;
    const next = withVersion(record, (current?.version ?? 0) + 1);
    for (const key of keyFiles) await writeKeyFile(directory, key);
    await writeDurably(draft, `${JSON.stringify(next, null, 2)}\n`);
    await rename(draftPath, join(directory, RECORD_FILE));
    return { current, next };
  } catch (fault) {
    await releaseDraft(draft, draftPath);
    throw fault;
  }
}

async function releaseDraft(draft: FileHandle, path: string): Promise<void> {
  await draft.close();
  await rm(path, { force: true });
}

function withVersion(record: RingChange['record'], version: number): RingRecord {
  const parsed = ringRecordSchema.safeParse({ ...record, version });
  if (!parsed.success) throw new InvalidKeyError('KEYS_DIR: the key ring has reached its maximum size');
  return parsed.data;
}

async function acquireDraft(path: string): Promise<FileHandle> {
  for (let waitedMs = 0; waitedMs < LOCK_TIMEOUT_MS; waitedMs += LOCK_POLL_MS) {
    try {
      return await open(path, 'wx', 0o600);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
    await delay(LOCK_POLL_MS);
  }
  throw new InvalidKeyError(
    `KEYS_DIR: another process is changing the key ring; if there is none, delete ${path}`,
  );
}

/** Writes a key file so that no reader, and no crash, finds half of it. Only the holder of the lock may call it. */
async function writeKeyFile(directory: string, { kid, pem }: NamedKey): Promise<void> {
  const path = keyFile(directory, kid);
  await writeDurably(await open(`${path}.next`, 'w', 0o600), pem);
  await rename(`${path}.next`, path);
}

async function writeDurably(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
