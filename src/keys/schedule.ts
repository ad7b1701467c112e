import { z } from 'zod';

/**
 * The record of a key ring and the state of its keys over time. Everything here is a pure function of the record and
 * the time, so all processes that read the same record agree without asking each other.
 */

/** Added to the time that a replaced key keeps verifying, for processes that read the change late. */
const LATE_READ_MS = 10_000;
const MAX_KEYS = 100;

const milliseconds = z.int().nonnegative();

const keyRecord = z.strictObject({
  /** The RFC 7638 thumbprint; the private key is in `<kid>.pem`. */
  kid: z.string().regex(/^[\w-]{43}$/),
  /** When it was first published, in milliseconds since the epoch, as are the other times. */
  createdMs: milliseconds,
  /** When it replaces the previous key as the signing key. */
  signsFromMs: milliseconds,
  /** When it was retired by hand. Its file is deleted; its entry stays while the expiry of an older key depends on it. */
  retiredMs: milliseconds.optional(),
});

/** The content of `ring.json`. The keys are in the order in which they sign; at any time exactly one of them does. */
export const ringRecordSchema = z
  .strictObject({
    /** Identifies the ring: 128 random bits in base64url. */
    id: z.string().regex(/^[\w-]{22}$/),
    /** Incremented by each change. */
    version: z.int().positive(),
    /** The longest lifetime that any process has given to a token of this ring. */
    tokensLiveSeconds: z.int().positive(),
    keys: z.array(keyRecord).min(1).max(MAX_KEYS),
  })
  .refine((record) => hasLastKey(record.keys));

export type RingRecord = z.output<typeof ringRecordSchema>;
type KeyRecord = z.output<typeof keyRecord>;

/**
 * `published`: signs later. `verifying`: no longer signs, and its last tokens may still be valid. `expired`: all of
 * its tokens have expired.
 */
export type KeyState = 'published' | 'signing' | 'verifying' | 'expired' | 'retired';

export interface KeyStatus extends KeyRecord {
  state: KeyState;
  /** When it expires; undefined as long as no other key is going to replace it. */
  verifiesUntilMs: number | undefined;
}

/** The status of each key of the ring at a moment. */
export function keyStatusesAt(record: RingRecord, nowMs: number): KeyStatus[] {
  const signing = signingAt(record, nowMs);
  return record.keys.map((key, index) => {
    const verifiesUntilMs = verifiesUntil(record, index);
    const isExpired = verifiesUntilMs !== undefined && verifiesUntilMs <= nowMs;
    if (key.retiredMs !== undefined) return { ...key, verifiesUntilMs, state: 'retired' };
    if (index === signing) return { ...key, verifiesUntilMs, state: 'signing' };
    if (index > signing) return { ...key, verifiesUntilMs, state: 'published' };
    return { ...key, verifiesUntilMs, state: isExpired ? 'expired' : 'verifying' };
  });
}

/** The time around `nowMs`, until exclusive, in which no key changes its state. */
export function validityWindow(record: RingRecord, nowMs: number): { fromMs: number; untilMs: number } {
  const ends = record.keys.map((_key, index) => verifiesUntil(record, index) ?? Number.POSITIVE_INFINITY);
  const changes = [...record.keys.map((key) => key.signsFromMs), ...ends];
  return {
    fromMs: Math.max(Number.NEGATIVE_INFINITY, ...changes.filter((change) => change <= nowMs)),
    untilMs: Math.min(Number.POSITIVE_INFINITY, ...changes.filter((change) => change > nowMs)),
  };
}

/** Since when the present key signs, and when a published key replaces it, in milliseconds since the epoch. */
export interface SigningTimes {
  sinceMs: number;
  untilMs: number | undefined;
}

export function signingTimesAt(record: RingRecord, nowMs: number): SigningTimes | undefined {
  const signing = keyStatusesAt(record, nowMs).find(({ state }) => state === 'signing');
  return signing && { sinceMs: signing.signsFromMs, untilMs: waitingKey(record, nowMs)?.signsFromMs };
}

/** The key that is published and signs later, if there is one. */
export const waitingKey = (record: RingRecord, nowMs: number): KeyRecord | undefined =>
  keyStatusesAt(record, nowMs).find(({ state }) => state === 'published');

/** The key that signs in the end, unless the ring is changed. */
export const lastKey = (keys: readonly KeyRecord[]): KeyRecord | undefined => keys.findLast(everSigns);

/** Whether the last key is not retired. A ring has to keep a key that signs. */
export function hasLastKey(keys: readonly KeyRecord[]): boolean {
  const last = lastKey(keys);
  return last !== undefined && last.retiredMs === undefined;
}

/** Adds a key that signs from its `signsFromMs` on, and removes the entries that are no longer needed. */
export function withKey(record: RingRecord, key: KeyRecord, nowMs: number): RingRecord {
  const statuses = keyStatusesAt(record, nowMs);
  const firstNeeded = statuses.findIndex(({ state }) => state !== 'expired' && state !== 'retired');
  return { ...record, keys: [...record.keys.slice(firstNeeded), key] };
}

/** Changes the time from which a waiting key signs. */
export const activateAt = (record: RingRecord, kid: string, signsFromMs: number): RingRecord => ({
  ...record,
  keys: record.keys.map((key) => (key.kid === kid ? { ...key, signsFromMs } : key)),
});

/** Retires a key. A retired key keeps its time: a later one would mean that it had signed until then. */
export const withoutKey = (record: RingRecord, kid: string, nowMs: number): RingRecord => ({
  ...record,
  keys: record.keys.map((key) =>
    key.kid === kid && key.retiredMs === undefined ? { ...key, retiredMs: nowMs } : key,
  ),
});

/**
 * The newest key whose time has come signs. If it was retired, the next key signs, if necessary before its time: a
 * gateway whose clock lags must not sign with a key that the others no longer use.
 */
function signingAt({ keys }: RingRecord, nowMs: number): number {
  const newest = keys.findLastIndex((key) => key.signsFromMs <= nowMs && everSigns(key));
  return keys.findIndex((key, index) => index >= newest && key.retiredMs === undefined);
}

/** When the last token that the key may have signed has expired. */
function verifiesUntil({ keys, tokensLiveSeconds }: RingRecord, index: number): number | undefined {
  const successor = keys.find((key, other) => other > index && everSigns(key));
  return successor && successor.signsFromMs + tokensLiveSeconds * 1000 + LATE_READ_MS;
}

/** A key that is retired before it signs anything never replaces another key. */
function everSigns({ signsFromMs, retiredMs }: KeyRecord): boolean {
  return retiredMs === undefined || retiredMs > signsFromMs;
}
