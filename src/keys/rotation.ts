import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Refusal } from '../refusal.ts';
import { changeRing } from './change.ts';
import { InvalidKeyError, makeKeyPem, ringKeysFromPem, withAssertionKey } from './private-key.ts';
import {
  activateAt,
  hasLastKey,
  keyStatusesAt,
  type RingRecord,
  waitingKey,
  withKey,
  withoutKey,
} from './schedule.ts';
import { type NamedKey, readIfPresent, SINGLE_KEY_FILE } from './store.ts';

/**
 * How long a key is published before it signs when it has to sign at once. It is long enough for every gateway that
 * receives the announcement to publish the key first, so that no key signs that others do not know.
 */
export const HANDOVER_MS = 500;

/** A ring after a change, and the key that was added, activated or retired. */
interface Changed {
  record: RingRecord;
  kid: string;
}

/** A new ring key. Its kid never begins with a hyphen, because it is typed on command lines. */
export async function makeNamedKey(): Promise<NamedKey> {
  for (;;) {
    const key = await namedKey(await makeKeyPem());
    if (!key.kid.startsWith('-')) return key;
  }
}

async function namedKey(pem: string): Promise<NamedKey> {
  const [key] = await ringKeysFromPem(pem);
  return { kid: key?.kid ?? '', pem };
}

/**
 * Creates a ring of one key that signs at once, unless a ring exists. The single key of a version without key rings
 * becomes that key, so its tokens stay valid.
 */
export async function makeRing(
  directory: string,
  tokensLiveSeconds: number,
  nowMs: number,
): Promise<RingRecord> {
  const pem = await readIfPresent(join(directory, SINGLE_KEY_FILE));
  const newKey =
    pem === undefined ? await makeNamedKey() : await namedKey((await withAssertionKey(pem)) ?? pem);
  return changeRing(directory, (current) => {
    if (current !== undefined) return { record: current };
    const keys = [{ kid: newKey.kid, createdMs: nowMs, signsFromMs: nowMs }];
    const id = randomBytes(16).toString('base64url');
    return { record: { id, tokensLiveSeconds, keys }, keyFiles: [newKey] };
  });
}

/** Adds a key that is published now and signs after `leadMs`. @throws {InvalidKeyError} when there is no ring. */
export async function rotateRing(
  directory: string,
  { leadMs, tokensLiveSeconds }: { leadMs: number; tokensLiveSeconds: number },
  nowMs: number,
): Promise<Changed | Refusal<'key_waiting'>> {
  const newKey = await makeNamedKey();
  const { kid } = newKey;
  const record = await changeRing(directory, (current) => {
    const ring = existingRing(current, tokensLiveSeconds);
    if (waitingKey(ring, nowMs) !== undefined) return new Refusal('key_waiting');
    const key = { kid, createdMs: nowMs, signsFromMs: nowMs + leadMs };
    return { record: withKey(ring, key, nowMs), keyFiles: [newKey] };
  });
  return record instanceof Refusal ? record : { record, kid };
}

/**
 * Lets the waiting key sign after `HANDOVER_MS`, or a new key if none is waiting.
 * @throws {InvalidKeyError} when there is no ring.
 */
export async function handOver(
  directory: string,
  tokensLiveSeconds: number,
  nowMs: number,
): Promise<Changed & { isNew: boolean }> {
  const newKey = await makeNamedKey();
  const signsFromMs = nowMs + HANDOVER_MS;
  let waiting: string | undefined;
  const record = await changeRing(directory, (current) => {
    const ring = existingRing(current, tokensLiveSeconds);
    waiting = waitingKey(ring, nowMs)?.kid;
    if (waiting !== undefined) return { record: activateAt(ring, waiting, signsFromMs) };
    const key = { kid: newKey.kid, createdMs: nowMs, signsFromMs };
    return { record: withKey(ring, key, nowMs), keyFiles: [newKey] };
  });
  return { record, kid: waiting ?? newKey.kid, isNew: waiting === undefined };
}

/**
 * Retires a key at once and deletes its private key: no token that it signed is valid any more. The last key of the
 * ring cannot be retired; another key has to replace it first. @throws {InvalidKeyError} when there is no ring.
 */
export async function retireKey(
  directory: string,
  kid: string,
  nowMs: number,
): Promise<Changed | Refusal<'key_unknown' | 'key_retired' | 'key_signs'>> {
  const record = await changeRing(directory, (current) => {
    const ring = existingRing(current, 0);
    const status = keyStatusesAt(ring, nowMs).find((key) => key.kid === kid);
    if (status === undefined) return new Refusal('key_unknown');
    if (status.state === 'retired') return new Refusal('key_retired');
    const next = withoutKey(ring, kid, nowMs);
    return hasLastKey(next.keys) ? { record: next } : new Refusal('key_signs');
  });
  return record instanceof Refusal ? record : { record, kid };
}

function existingRing(record: RingRecord | undefined, tokensLiveSeconds: number): RingRecord {
  if (record === undefined)
    throw new InvalidKeyError('KEYS_DIR: holds no key ring; `portcullis keys rotate` makes one');
  return { ...record, tokensLiveSeconds: Math.max(record.tokensLiveSeconds, tokensLiveSeconds) };
}
