import { Refusal } from '../refusal.ts';
import { changeRing } from './change.ts';
import { InvalidKeyError } from './ring.ts';
import {
  activateAt,
  keyStatusesAt,
  lastKey,
  type RingRecord,
  waitingKey,
  withKey,
  withoutKey,
} from './schedule.ts';
import { makeNamedKey } from './start.ts';

/**
 * How long a key that has to take over at once is published before. Long enough for every gateway that hears of it
 * to publish it, so that not even then a key signs that others don't know.
 */
export const HANDOVER_MS = 500;

/** A ring after a change, and the key that the change was about. */
export interface Changed {
  record: RingRecord;
  kid: string;
}

export interface RotationOptions {
  leadMs: number;
  tokensLiveSeconds: number;
}

/** Adds a key that is published now and takes over after `leadMs`. @throws {InvalidKeyError} when there is no ring. */
export async function rotateRing(
  directory: string,
  { leadMs, tokensLiveSeconds }: RotationOptions,
  nowMs: number,
): Promise<Changed | Refusal<'key_waiting'>> {
  const newKey = await makeNamedKey();
  const { kid } = newKey;
  const record = await changeRing(directory, (found) => {
    const present = living(found, tokensLiveSeconds);
    if (waitingKey(present, nowMs) !== undefined) return new Refusal('key_waiting');
    const key = { kid, createdMs: nowMs, signsFromMs: nowMs + leadMs };
    return { record: withKey(present, key, nowMs), newKey };
  });
  return record instanceof Refusal ? record : { record, kid };
}

/** Lets the key that waits take over after `HANDOVER_MS`, or a new one. @throws {InvalidKeyError} when there is no ring. */
export async function handOver(
  directory: string,
  tokensLiveSeconds: number,
  nowMs: number,
): Promise<Changed & { isNew: boolean }> {
  const newKey = await makeNamedKey();
  const signsFromMs = nowMs + HANDOVER_MS;
  let waits: string | undefined;
  const record = await changeRing(directory, (found) => {
    const present = living(found, tokensLiveSeconds);
    waits = waitingKey(present, nowMs)?.kid;
    if (waits !== undefined) return { record: activateAt(present, waits, signsFromMs) };
    return { record: withKey(present, { kid: newKey.kid, createdMs: nowMs, signsFromMs }, nowMs), newKey };
  });
  return { record, kid: waits ?? newKey.kid, isNew: waits === undefined };
}

/**
 * Takes a key out at once and deletes its private half: no token that it has signed is good any more.
 * The key that signs in the end is refused: another has to take over before.
 * @throws {InvalidKeyError} when there is no ring.
 */
export async function retireKey(
  directory: string,
  kid: string,
  nowMs: number,
): Promise<Changed | Refusal<'key_unknown' | 'key_retired' | 'key_signs'>> {
  const record = await changeRing(directory, (found) => {
    const present = living(found, 0);
    const authorization = keyStatusesAt(present, nowMs).find((key) => key.kid === kid);
    if (authorization === undefined) return new Refusal('key_unknown');
    if (authorization.state === 'retired') return new Refusal('key_retired');
    const next = withoutKey(present, kid, nowMs);
    const last = lastKey(next);
    const isOneLeft = last !== undefined && last.retiredMs === undefined;
    return isOneLeft ? { record: next } : new Refusal('key_signs');
  });
  return record instanceof Refusal ? record : { record, kid };
}

function living(record: RingRecord | undefined, tokensLiveSeconds: number): RingRecord {
  if (record === undefined)
    throw new InvalidKeyError('KEYS_DIR: holds no key ring; `portcullis keys rotate` makes one');
  return { ...record, tokensLiveSeconds: Math.max(record.tokensLiveSeconds, tokensLiveSeconds) };
}
