import { expect, test } from 'vitest';
import { TokenBuckets } from '../../../src/gateway/rates/token-buckets.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

/** Takes tokens of `subject` until there are none, and returns how many there were. */
function takeAll(buckets: TokenBuckets, nowMs: number, subject = 'a'): number {
  let count = 0;
  while (buckets.take(subject, nowMs).granted) count += 1;
  return count;
}

test.each([
  [1, 1],
  [50, 200],
  [1 / 60, 1],
  [7, 3],
  [333, 1000],
])(
  'at %f per second, a full bucket holds exactly %i tokens and fills again at that rate',
  (perSecond, burst) => {
    const buckets = new TokenBuckets({ perSecond, burst });
    expect(takeAll(buckets, NOW_MS)).toBe(burst);
    expect(takeAll(buckets, NOW_MS + 1000 / perSecond)).toBe(1);
    expect(takeAll(buckets, NOW_MS + 1000 / perSecond + (1000 * burst) / perSecond)).toBe(burst);
  },
);

test('says how many tokens are left, and when there will be one again', () => {
  const buckets = new TokenBuckets({ perSecond: 0.5, burst: 2 });
  expect(buckets.take('a', NOW_MS)).toEqual({ granted: true, remaining: 1, resetSeconds: 2 });
  expect(buckets.take('a', NOW_MS)).toEqual({ granted: true, remaining: 0, resetSeconds: 4 });
  expect(buckets.take('a', NOW_MS)).toEqual({ granted: false, remaining: 0, resetSeconds: 2 });
  expect(buckets.take('a', NOW_MS + 1999).granted).toBe(false);
  expect(buckets.take('a', NOW_MS + 2000).granted).toBe(true);
});

test('subjects have buckets of their own', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 3 });
  expect(takeAll(buckets, NOW_MS, 'a')).toBe(3);
  expect(takeAll(buckets, NOW_MS, 'b')).toBe(3);
});

test('a clock that is set back refuses nobody for longer than an empty bucket does', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 3 });
  expect(takeAll(buckets, NOW_MS)).toBe(3);
  const backMs = NOW_MS - 86_400_000;
  expect(buckets.take('a', backMs)).toEqual({ granted: false, remaining: 0, resetSeconds: 1 });
});

test('no more buckets than the maximum are kept, and the ones used least recently are dropped', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 10);
  expect(takeAll(buckets, NOW_MS, 'first')).toBe(1);
  for (let i = 0; i < 20; i += 1) buckets.take(`${i}`, NOW_MS);
  expect(buckets.take('19', NOW_MS).granted).toBe(false);
  expect(buckets.take('first', NOW_MS).granted).toBe(true);
});

test('a rate of 0 means no limit', () => {
  const buckets = new TokenBuckets({ perSecond: 0, burst: 1 });
  for (let i = 0; i < 100; i += 1) expect(buckets.take('a', NOW_MS).granted).toBe(true);
});
