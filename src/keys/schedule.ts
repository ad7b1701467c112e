import { z } from 'zod';

/**
 * What is written down about a key ring, and what follows from it at a moment. Everything here is a pure function
 * of the record and the time, so all processes that read one record agree without asking each other.
 */

/** Added to the life of a key that was taken over, for a process that reads late that it was. */
const READ_LATE_MS = 10_000;
const MAX_KEYS = 100;

const milliseconds = z.int().nonnegative();

const keyRecord = z.strictObject({
  /** The RFC 7638 thumbprint; the private key is in the file `<kid>.pem`. */
  kid: z.string().regex(/^[\w-]{43}$/),
  /** Since when it is published, in milliseconds since the epoch, as are the other times. */
  createdMs: milliseconds,
  /** When it takes over from the key before it. */
  signsFromMs: milliseconds,
  /** When it was taken out by hand. Its file is gone; the line stays as long as an older key needs its time. */
  retiredMs: milliseconds.optional(),
});

/** The content of `ring.json`. The keys are in the order in which they sign; at any time one of them does. */
export const ringRecordSchema = z
  .strictObject({
    /** Tells this ring from another, 128 random bits in base64url. */
    id: z.string().regex(/^[\w-]{22}$/),
    /** Counts changes. */
    version: z.int().positive(),
    /** The longest life that any process has ever given to a token of this ring. */
    tokensLiveSeconds: z.int().positive(),
    keys: z.array(keyRecord).min(1).max(MAX_KEYS),
  })
  .refine(({ keys }) => {
    const last = keys.findLast(hasItsTurn);
    return last !== undefined && last.retiredMs === undefined;
  });

export type RingRecord = z.output<typeof ringRecordSchema>;
export type KeyRecord = z.output<typeof keyRecord>;

/** `published`: known, signs later. `verifying`: its last tokens are still valid. `over`: they no longer are. */
export type KeyState = 'published' | 'signing' | 'verifying' | 'over' | 'retired';

export interface KeyStatus extends KeyRecord {
  state: KeyState;
  /** When it drops out; unknown as long as no other key is to take over. */
  verifiesUntilMs: number | undefined;
}

/** Where each key of the ring stands at a moment. */
export function keyStatusesAt(record: RingRecord, nowMs: number): KeyStatus[] {
  const signing = signingAt(record, nowMs);
  return record.keys.map((key, index) => {
    const verifiesUntilMs = verifiesUntil(record, index);
    const isOver = verifiesUntilMs !== undefined && verifiesUntilMs <= nowMs;
    if (key.retiredMs !== undefined) return { ...key, verifiesUntilMs, state: 'retired' };
    if (index === signing) return { ...key, verifiesUntilMs, state: 'signing' };
    if (index > signing) return { ...key, verifiesUntilMs, state: 'published' };
    return { ...key, verifiesUntilMs, state: isOver ? 'over' : 'verifying' };
  });
}

/** From when until when (exclusive) what `standingsAt` says of `nowMs` holds. */
export function validityWindow(record: RingRecord, nowMs: number): { fromMs: number; untilMs: number } {
  const ends = record.keys.map((_key, index) => verifiesUntil(record, index) ?? Number.POSITIVE_INFINITY);
  const turns = [...record.keys.map((key) => key.signsFromMs), ...ends];
  return {
    fromMs: Math.max(Number.NEGATIVE_INFINITY, ...turns.filter((turn) => turn <= nowMs)),
    untilMs: Math.min(Number.POSITIVE_INFINITY, ...turns.filter((turn) => turn > nowMs)),
  };
}

/** The key that is published and waits to sign, if there is one. */
export const waitingKey = (record: RingRecord, nowMs: number): KeyRecord | undefined =>
  keyStatusesAt(record, nowMs).find(({ state }) => state === 'published');

/** The key that signs in the end if nothing is changed. It can't be taken out before there is another. */
export const lastKey = ({ keys }: RingRecord): KeyRecord | undefined => keys.findLast(hasItsTurn);

/** Adds a key that takes over at `signsFromMs`, and lets go of the lines of those that nobody needs any more. */
export function withKey(record: RingRecord, key: KeyRecord, nowMs: number): RingRecord {
  const standings = keyStatusesAt(record, nowMs);
  const needed = standings.findIndex(({ state }) => state !== 'over' && state !== 'retired');
  return { ...record, keys: [...record.keys.slice(needed), key] };
}

/** Lets a key that waits sign from `signsFromMs` on. */
export const activateAt = (record: RingRecord, kid: string, signsFromMs: number): RingRecord => ({
  ...record,
  keys: record.keys.map((key) => (key.kid === kid ? { ...key, signsFromMs } : key)),
});

/** Takes a key out. One that is out already stays so since when it is: a later time would say that it had signed. */
export const withoutKey = (record: RingRecord, kid: string, nowMs: number): RingRecord => ({
  ...record,
  keys: record.keys.map((key) =>
    key.kid === kid && key.retiredMs === undefined ? { ...key, retiredMs: nowMs } : key,
  ),
});

/**
 * The newest key whose time has come signs. Where that one was retired, it is the next after it, before its time if
 * need be: a clock that lags must not make a gateway sign with a key that others have done with.
 */
function signingAt({ keys }: RingRecord, nowMs: number): number {
  const turn = keys.findLastIndex((key) => key.signsFromMs <= nowMs && hasItsTurn(key));
  return keys.findIndex((key, index) => index >= turn && key.retiredMs === undefined);
}

/** Until the last token that it may have signed has expired. */
function verifiesUntil({ keys, tokensLiveSeconds }: RingRecord, index: number): number | undefined {
  const successor = keys.find((key, other) => other > index && hasItsTurn(key));
  return successor && successor.signsFromMs + tokensLiveSeconds * 1000 + READ_LATE_MS;
}

/** A key that is retired before it has signed anything takes over from nobody. */
function hasItsTurn({ signsFromMs, retiredMs }: KeyRecord): boolean {
  return retiredMs === undefined || retiredMs > signsFromMs;
}
