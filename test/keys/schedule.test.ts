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
const READ_LATE_MS = 10_000;

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
  const over = at + 120_000 + TOKENS_LIVE_MS + READ_LATE_MS;

  test.each<[string, number, KeyState[]]>([
    ['until its time comes the new key is published and the old one signs', at, ['signing', 'published']],
    ['a millisecond before that is still so', at + 119_999, ['signing', 'published']],
    ['from then on the new one signs and the old one verifies', at + 120_000, ['verifying', 'signing']],
    ['the old one verifies as long as any of its tokens can live', over - 1, ['verifying', 'signing']],
    ['and then drops out', over, ['expired', 'signing']],
  ])('%s', (_what, nowMs, states) => {
    expect(statesAt(ring, nowMs)).toEqual(states);
  });

  test('the next one lets go of the line of a key that is over', () => {
    expect(rotated(ring, 2, over, 1000).keys.map(({ kid }) => kid)).toEqual([kidOf(1), kidOf(2)]);
    expect(rotated(ring, 2, over - 1, 1000).keys).toHaveLength(3);
  });
});

describe('a retired key', () => {
  const at = START + 1_000_000;

  test('is out at once, and the one before it still drops out when it would have', () => {
    const two = rotated(first(), 1, at, 0);
    const ring = withoutKey(rotated(two, 2, at + 1000, 0), kidOf(1), at + 1000);
    expect(statesAt(ring, at + 1000)).toEqual(['verifying', 'retired', 'signing']);
    expect(statesAt(ring, at + TOKENS_LIVE_MS + READ_LATE_MS)).toEqual(['expired', 'retired', 'signing']);
  });

  test('that never signed takes over from nobody', () => {
    const ring = withoutKey(rotated(first(), 1, at, 1000), kidOf(1), at + 500);
    expect(statesAt(ring, at + 86_400_000)).toEqual(['signing', 'retired']);
    expect(lastKey(ring.keys)?.kid).toBe(kidOf(0));
  });

  test('stays as it is when it is taken out again', () => {
    const ring = withoutKey(rotated(first(), 1, at, 1000), kidOf(1), at + 500);
    expect(withoutKey(ring, kidOf(1), at + 86_400_000)).toEqual(ring);
  });

  test('is not what a gateway with a clock that lags signs with, nor is the one before it', () => {
    const two = rotated(first(), 1, at, 0);
    const ring = withoutKey(rotated(two, 2, at + 5000, 500), kidOf(1), at + 5600);
    expect(statesAt(ring, at + 4000)).toEqual(['verifying', 'retired', 'signing']);
  });

  test('that would sign in the end makes no ring: another has to be there before', () => {
    const without = withoutKey(first(), kidOf(0), at);
    expect(ringRecordSchema.safeParse(without).success).toBe(false);
    expect(ringRecordSchema.safeParse(rotated(without, 1, at, 0)).success).toBe(true);
  });
});

/** What an operator does, and how long they wait before. */
const acts = fc.array(
  fc.record({
    act: fc.constantFrom('rotate', 'rotate now', 'retire'),
    waitMs: fc.integer({ min: 0, max: 900_000 }),
    which: fc.nat(4),
  }),
  { maxLength: 12 },
);

interface History {
  ring: RingRecord;
  fromMs: number;
}

/** Every state of the ring, each from when it was written, as `portcullis keys` would have written them. */
function historyOf(given: typeof acts extends fc.Arbitrary<infer T> ? T : never): History[] {
  const history: History[] = [{ ring: first(), fromMs: START }];
  let nowMs = START;
  for (const [n, { act, waitMs, which }] of given.entries()) {
    nowMs += waitMs;
    const ring = history.at(-1)?.ring ?? first();
    const next = stateAfter(ring, act, which, n + 1, nowMs);
    if (ringRecordSchema.safeParse(next).success) history.push({ ring: next, fromMs: nowMs });
  }
  return history;
}

function stateAfter(ring: RingRecord, act: string, which: number, n: number, nowMs: number): RingRecord {
  const waiting = waitingKey(ring, nowMs);
  if (act === 'rotate') return waiting === undefined ? rotated(ring, n, nowMs, 120_000) : ring;
  if (act === 'rotate now')
    return waiting === undefined ? rotated(ring, n, nowMs, 500) : activateAt(ring, waiting.kid, nowMs + 500);
  return withoutKey(ring, ring.keys[which % ring.keys.length]?.kid ?? '', nowMs);
}

test('whatever is done to a ring, exactly one key signs, and what it signs verifies until it expires or the key is retired', () => {
  fc.assert(
    fc.property(acts, fc.array(fc.nat(TOKENS_LIVE_MS), { minLength: 1, maxLength: 20 }), (given, lives) => {
      const history = historyOf(given);
      const ringAt = (nowMs: number) => history.findLast(({ fromMs }) => fromMs <= nowMs)?.ring ?? first();
      for (const [i, livesMs] of lives.entries()) {
        const signedMs = START + i * 211_111;
        const signing = keyStatusesAt(ringAt(signedMs), signedMs).filter(({ state }) => state === 'signing');
        expect(signing).toHaveLength(1);
        const seen = keyStatusesAt(ringAt(signedMs + livesMs), signedMs + livesMs);
        const key = seen.find(({ kid }) => kid === signing[0]?.kid);
        const wasRetired = history.some(({ ring, fromMs }) =>
          ring.keys.some(
            ({ kid, retiredMs }) =>
              kid === signing[0]?.kid && retiredMs !== undefined && fromMs <= signedMs + livesMs,
          ),
        );
        if (!wasRetired) expect(['signing', 'verifying', 'published']).toContain(key?.state);
      }
    }),
    { numRuns: 300 },
  );
});

test('the stretch around a moment is where nothing changes, and its end is where something does', () => {
  fc.assert(
    fc.property(acts, fc.nat(12 * 900_000), fc.nat(100), (given, afterMs, percent) => {
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
