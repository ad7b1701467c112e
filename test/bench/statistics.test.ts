import { describe, expect, test } from 'vitest';
import { median, percentile, percentiles, spread } from '../../bench/load/statistics.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('percentiles', () => {
  test('are by nearest rank', () => {
    expect(percentile(upTo(100), 0.99)).toBe(99);
    expect(percentile(upTo(100), 1)).toBe(100);
    expect(percentile([7], 0.5)).toBe(7);
  });

  test('do not depend on the order of the values, and sort them as numbers', () => {
    expect(percentiles([10, 9, 100, 1])).toEqual({ p50Ms: 9, p99Ms: 100, p999Ms: 100 });
  });

  test('are not a number without any value', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('the median', () => {
  test('is the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('the spread of rounds', () => {
  test('is half the distance of the extremes as a share of the median', () => {
    expect(spread([90, 100, 110])).toBeCloseTo(0.1);
    expect(spread([100])).toBe(0);
  });
});
