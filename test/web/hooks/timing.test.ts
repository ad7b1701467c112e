import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttle } from '../../../src/web/hooks/timing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first call is made at once, and later ones once per interval', () => {
  const action = vi.fn();
  const throttled = throttle(1000, action);
  for (let calls = 0; calls < 5; calls += 1) throttled.call();
  expect(action).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(999);
  expect(action).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(action).toHaveBeenCalledTimes(2);
  throttled.call();
  expect(action).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(10_000);
  expect(action).toHaveBeenCalledTimes(3);
  throttled.call();
  expect(action).toHaveBeenCalledTimes(4);
});

test('pending calls are dropped by cancel', () => {
  const action = vi.fn();
  const throttled = throttle(1000, action);
  throttled.call();
  throttled.call();
  throttled.cancel();
  vi.advanceTimersByTime(10_000);
  expect(action).toHaveBeenCalledTimes(1);
});
