import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  activateAt,
  type KeyState,
  keyStatusesAt,
  lastKey,
  type RingRecord,
  ringRecordSchema,
  validityWindow,
  waitingKey,
  withKey,
  withoutKey,
} from '../../src/keys/schedule.ts';

const START = 1_800_000_000_000;
const TOKENS_LIVE_MS = 600_000;
const LATE_READ_MS = 10_000;

const kidOf = (n: number): string => String(n).padStart(43, 'k');
const first = (): RingRecord => ({
  id: 'r'.repeat(22),
  version: 1,
  tokensLiveSeconds: TOKENS_LIVE_MS / 1000,
  keys: [{ kid: kidOf(0), createdMs: START, signsFromMs: START }],
});
const statesAt = (record: RingRecord, nowMs: number): KeyState[] =>
  keyStatusesAt(record, nowMs).map(({ state }) => state);
const rotated = (record: RingRecord, n: number, nowMs: number, leadMs: number): RingRecord =>
  withKey(record, { kid: kidOf(n), createdMs: nowMs, signsFromMs: nowMs + leadMs }, nowMs);

describe('a rotation', () => {
  const at = START + 1_000_000;
  const ring = rotated(first(), 1, at, 120_000);
  const expiredMs = at + 120_000 + TOKENS_LIVE_MS + LATE_READ_MS;

  test.each<[string, number, KeyState[]]>([
    ['the new key is published and the old one signs', at, ['signing', 'published']],
    ['so it is until the last millisecond before signsFromMs', at + 119_999, ['signing', 'published']],
    [
      'from signsFromMs on the new key signs and the old one verifies',
      at + 120_000,
      ['verifying', 'signing'],
    ],
    ['the old key verifies until its last token has expired', expiredMs - 1, ['verifying', 'signing']],
    ['then the old key is expired', expiredMs, ['expired', 'signing']],
  ])('%s', (_what, nowMs, states) => {
    expect(statesAt(ring, nowMs)).toEqual(states);
  });

  test('the next rotation removes the entry of an expired key', () => {
    expect(rotated(ring, 2, expiredMs, 1000).keys.map(({ kid }) => kid)).toEqual([kidOf(1), kidOf(2)]);
    expect(rotated(ring, 2, expiredMs - 1, 1000).keys).toHaveLength(3);
  });
});

describe('a retired key', () => {
  const at = START + 1_000_000;

  test('is unused at once, and the previous key still expires at the same time', () => {
    const two = rotated(first(), 1, at, 0);
    const ring = withoutKey(rotated(two, 2, at + 1000, 0), kidOf(1), at + 1000);
    expect(statesAt(ring, at + 1000)).toEqual(['verifying', 'retired', 'signing']);
    expect(statesAt(ring, at + TOKENS_LIVE_MS + LATE_READ_MS)).toEqual(['expired', 'retired', 'signing']);
  });

  test('that never signed replaces no key', () => {
    const ring = withoutKey(rotated(first(), 1, at, 1000), kidOf(1), at + 500);
    expect(statesAt(ring, at + 86_400_000)).toEqual(['signing', 'retired']);
    expect(lastKey(ring.keys)?.kid).toBe(kidOf(0));
  });

  test('stays unchanged when it is retired again', () => {
    const ring = withoutKey(rotated(first(), 1, at, 1000), kidOf(1), at + 500);
    expect(withoutKey(ring, kidOf(1), at + 86_400_000)).toEqual(ring);
  });

  test('is not used by a gateway whose clock lags, and neither is the previous key', () => {
    const two = rotated(first(), 1, at, 0);
    const ring = withoutKey(rotated(two, 2, at + 5000, 500), kidOf(1), at + 5600);
    expect(statesAt(ring, at + 4000)).toEqual(['verifying', 'retired', 'signing']);
  });

  test('cannot be the last key of a ring: another key has to be added first', () => {
    const without = withoutKey(first(), kidOf(0), at);
    expect(ringRecordSchema.safeParse(without).success).toBe(false);
    expect(ringRecordSchema.safeParse(rotated(without, 1, at, 0)).success).toBe(true);
  });
});

/** The actions of an operator, and the time before each. */
const actions = fc.array(
  fc.record({
    action: fc.constantFrom('rotate', 'rotate now', 'retire'),
    waitMs: fc.integer({ min: 0, max: 900_000 }),
    which: fc.nat(4),
  }),
  { maxLength: 12 },
);

interface History {
  ring: RingRecord;
  fromMs: number;
}

/** All records of the ring as `portcullis keys` would write them, with the time of each. */
function historyOf(given: typeof actions extends fc.Arbitrary<infer T> ? T : never): History[] {
  const history: History[] = [{ ring: first(), fromMs: START }];
  let nowMs = START;
  for (const [n, { action, waitMs, which }] of given.entries()) {
    nowMs += waitMs;
    const ring = history.at(-1)?.ring ?? first();
    const next = stateAfter(ring, action, which, n + 1, nowMs);
    if (ringRecordSchema.safeParse(next).success) history.push({ ring: next, fromMs: nowMs });
  }
  return history;
}

function stateAfter(ring: RingRecord, action: string, which: number, n: number, nowMs: number): RingRecord {
  const waiting = waitingKey(ring, nowMs);
  if (action === 'rotate') return waiting === undefined ? rotated(ring, n, nowMs, 120_000) : ring;
  if (action === 'rotate now')
    return waiting === undefined ? rotated(ring, n, nowMs, 500) : activateAt(ring, waiting.kid, nowMs + 500);
  return withoutKey(ring, ring.keys[which % ring.keys.length]?.kid ?? '', nowMs);
}

test('after any changes exactly one key signs, and its tokens verify until they expire or the key is retired', () => {
  fc.assert(
    fc.property(actions, fc.array(fc.nat(TOKENS_LIVE_MS), { minLength: 1, maxLength: 20 }), (given, ages) => {
      const history = historyOf(given);
      const ringAt = (nowMs: number) => history.findLast(({ fromMs }) => fromMs <= nowMs)?.ring ?? first();
      for (const [i, ageMs] of ages.entries()) {
        const signedMs = START + i * 211_111;
        const signing = keyStatusesAt(ringAt(signedMs), signedMs).filter(({ state }) => state === 'signing');
        expect(signing).toHaveLength(1);
        const later = keyStatusesAt(ringAt(signedMs + ageMs), signedMs + ageMs);
        const key = later.find(({ kid }) => kid === signing[0]?.kid);
        const wasRetired = history.some(({ ring, fromMs }) =>
          ring.keys.some(
            ({ kid, retiredMs }) =>
              kid === signing[0]?.kid && retiredMs !== undefined && fromMs <= signedMs + ageMs,
          ),
        );
        if (!wasRetired) expect(['signing', 'verifying', 'published']).toContain(key?.state);
      }
    }),
    { numRuns: 300 },
  );
});

test('within the validity window around a moment no key changes its state', () => {
  fc.assert(
    fc.property(actions, fc.nat(12 * 900_000), fc.nat(100), (given, afterMs, percent) => {
      const ring = historyOf(given).at(-1)?.ring ?? first();
      const nowMs = START + afterMs;
      const { fromMs, untilMs } = validityWindow(ring, nowMs);
      expect(fromMs <= nowMs && nowMs < untilMs).toBe(true);
      const upTo = Math.min(untilMs, nowMs + 10_000_000) - 1;
      expect(statesAt(ring, nowMs + Math.floor(((upTo - nowMs) * percent) / 100))).toEqual(
        statesAt(ring, nowMs),
      );
      expect(statesAt(ring, Math.max(fromMs, START))).toEqual(statesAt(ring, nowMs));
    }),
    { numRuns: 300 },
  );
});
