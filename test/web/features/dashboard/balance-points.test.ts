import { expect, test } from 'vitest';
import {
  balanceAt,
  pointsSince,
  regularBalances,
  summarize,
  withPoint,
} from '../../../../src/web/features/dashboard/charts/balance-points.ts';

const POINTS = [
  { x: 10, y: 100 },
  { x: 20, y: 300 },
  { x: 30, y: 200 },
];

test('points are ordered by time, and a later point of the same millisecond replaces the earlier one', () => {
  expect(withPoint(POINTS, { x: 40, y: 1 }).map(({ x }) => x)).toEqual([10, 20, 30, 40]);
  expect(withPoint(POINTS, { x: 25, y: 1 }).map(({ x }) => x)).toEqual([10, 20, 25, 30]);
  expect(withPoint(POINTS, { x: 5, y: 1 }).map(({ x }) => x)).toEqual([5, 10, 20, 30]);
  expect(withPoint(POINTS, { x: 20, y: 1 })).toEqual([POINTS[0], { x: 20, y: 1 }, POINTS[2]]);
  expect(withPoint([], { x: 1, y: 1 })).toEqual([{ x: 1, y: 1 }]);
});

test('a range starts with the balance before it', () => {
  expect(pointsSince(POINTS, 25)).toEqual([
    { x: 25, y: 300 },
    { x: 30, y: 200 },
  ]);
  expect(pointsSince(POINTS, 20)).toEqual([POINTS[1], POINTS[2]]);
  expect(pointsSince(POINTS, 99)).toEqual([{ x: 99, y: 200 }]);
  expect(pointsSince(POINTS, 5)).toEqual(POINTS);
});

test('too many points are thinned out, except the first, the last and the last of each interval', () => {
  const many = Array.from({ length: 2500 }, (_, index) => ({ x: index * 10, y: index }));
  const kept = pointsSince(many, -1);
  expect(kept.length).toBeLessThan(1010);
  expect(kept.length).toBeGreaterThan(990);
  expect([kept[0], kept.at(-1)]).toEqual([many[0], many.at(-1)]);
  expect(pointsSince(many.slice(0, 2000), -1)).toHaveLength(2000);
});

test('a balance holds until the next transaction', () => {
  expect([9, 10, 19, 20, 99].map((ms) => balanceAt(POINTS, ms))).toEqual([undefined, 100, 100, 300, 200]);
});

test('the summary has the lowest, the highest and the current balance', () => {
  expect(summarize(POINTS)).toEqual({ lowestMinor: 100, highestMinor: 300, currentMinor: 200 });
  expect(summarize([])).toBeUndefined();
});

test('the table has the balance at regular intervals, as far as it is known', () => {
  const nowMs = 100 * 3_600_000;
  const rows = regularBalances(
    [
      { x: nowMs - 700_000, y: 1 },
      { x: nowMs - 300_000, y: 2 },
    ],
    'hour',
    nowMs,
  );
  expect(rows).toEqual([
    { x: nowMs, y: 2 },
    { x: nowMs - 300_000, y: 2 },
    { x: nowMs - 600_000, y: 1 },
  ]);
  expect(regularBalances([{ x: 0, y: 1 }], 'hour', nowMs)).toHaveLength(13);
});
