import { expect, test } from 'vitest';
import { createClock } from '../../../src/web/auth-session/idle-time.ts';

test('a clock that is set back is ignored, and one that is set forward is followed', () => {
  let [wallMs, steadyMs] = [1_000_000, 0];
  const nowMs = createClock(
    () => wallMs,
    () => steadyMs,
  );
  const pass = (ms: number, setByMs = 0): number => {
    wallMs += ms + setByMs;
    steadyMs += ms;
    return nowMs();
  };
  expect(pass(10)).toBe(1_000_010);
  expect(pass(10, -3_600_000)).toBe(1_000_020);
  expect(pass(10)).toBe(1_000_030);
  expect(pass(10, 7_200_000)).toBe(1_000_040 + 3_600_000);
});

test('time asleep counts even if the steady clock has stopped', () => {
  let wallMs = 0;
  const nowMs = createClock(
    () => wallMs,
    () => 0,
  );
  wallMs = 60_000;
  expect(nowMs()).toBe(60_000);
});
