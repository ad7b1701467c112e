import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMostEvery } from '../../../src/web/hooks/timing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('it is done at once, then once for all that was asked in between, and never sooner', () => {
  const act = vi.fn();
  const rationed = atMostEvery(1000, act);
  for (let asked = 0; asked < 5; asked += 1) rationed.ask();
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(999);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledTimes(2);
  rationed.ask();
  expect(act).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(10_000);
  expect(act).toHaveBeenCalledTimes(3);
  rationed.ask();
  expect(act).toHaveBeenCalledTimes(4);
});

test('after a stop nothing is done', () => {
  const act = vi.fn();
  const rationed = atMostEvery(1000, act);
  rationed.ask();
  rationed.ask();
  rationed.stop();
  vi.advanceTimersByTime(10_000);
  expect(act).toHaveBeenCalledTimes(1);
});
