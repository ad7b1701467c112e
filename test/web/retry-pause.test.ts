import { expect, test } from 'vitest';
import { retryPauseMs } from '../../src/web/api/event-stream.ts';

test('pauses between tries grow to a quarter of a minute, however long an outage lasts, and are not the same for all', () => {
  const refusals = [0, 1, 2, 3, 4, 5, 1e6];
  const [least, most] = [0, 1].map((random) => refusals.map((count) => retryPauseMs(count, random)));
  expect(least).toEqual([1000, 2000, 4000, 7500, 7500, 7500, 7500]);
  expect(most).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
});
