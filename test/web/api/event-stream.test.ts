import { expect, test } from 'vitest';
import { retryDelayMs } from '../../../src/web/api/event-stream.ts';

test('delays between attempts grow to at most 15 seconds and are randomized', () => {
  const refusals = [0, 1, 2, 3, 4, 5, 1e6];
  const [least, most] = [0, 1].map((random) => refusals.map((count) => retryDelayMs(count, random)));
  expect(least).toEqual([1000, 2000, 4000, 7500, 7500, 7500, 7500]);
  expect(most).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
});
