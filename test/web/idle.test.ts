import { describe, expect, test } from 'vitest';
import { idleness, isWorthRenewing, sessionEnds, warningMs } from '../../src/web/auth-session/idle-time.ts';
import { reasonByTime } from '../../src/web/auth-session/session-state.ts';

const NOW_MS = 1_000_000;
const MINUTE_MS = 60_000;
const left = (idleMs: number, sessionMs = 12 * 60 * MINUTE_MS) => ({
  idle_expires_in_ms: idleMs,
  session_expires_in_ms: sessionMs,
});

describe('with an idle timeout of 15 minutes', () => {
  const ends = sessionEnds(left(15 * MINUTE_MS), NOW_MS);

  test('nobody is warned until one minute before', () => {
    expect(idleness(ends, NOW_MS)).toEqual({ phase: 'present', warnInMs: 14 * MINUTE_MS });
    expect(idleness(ends, NOW_MS + 14 * MINUTE_MS - 1)).toEqual({ phase: 'present', warnInMs: 1 });
  });

  test('the warning counts whole seconds down, and at none it is over', () => {
    const at = (secondsLeft: number) => idleness(ends, NOW_MS + 15 * MINUTE_MS - secondsLeft * 1000);
    expect(at(60)).toEqual({ phase: 'warning', secondsLeft: 60, nextInMs: 1000, canStay: true });
    expect(at(0.001)).toEqual({ phase: 'warning', secondsLeft: 1, nextInMs: 1, canStay: true });
    expect(at(12.25)).toMatchObject({ secondsLeft: 13, nextInMs: 250 });
    expect(at(0)).toEqual({ phase: 'over' });
    expect(at(-3600)).toEqual({ phase: 'over' });
  });

  test('presence is worth telling only when a tenth of the time has passed since the server last heard of it', () => {
    expect(isWorthRenewing(ends, NOW_MS)).toBe(false);
    expect(isWorthRenewing(ends, NOW_MS + 1.5 * MINUTE_MS - 1)).toBe(false);
    expect(isWorthRenewing(ends, NOW_MS + 1.5 * MINUTE_MS)).toBe(true);
  });

  test('a later look that finds less time left does not make the timeout itself shorter', () => {
    const later = sessionEnds(left(30_000), NOW_MS + 14.5 * MINUTE_MS, ends);
    expect(later.idleMost).toBe(15 * MINUTE_MS);
    expect(warningMs(later)).toBe(MINUTE_MS);
  });
});

test('a timeout of less than two minutes is warned about in its second half', () => {
  expect(warningMs(sessionEnds(left(10_000), NOW_MS))).toBe(5000);
});

test('where the session itself ends first there is no staying', () => {
  const ends = sessionEnds(left(40_000, 40_000), NOW_MS);
  expect(idleness({ ...ends, idleMost: 15 * MINUTE_MS }, NOW_MS)).toEqual({
    phase: 'warning',
    secondsLeft: 40,
    nextInMs: 1000,
    canStay: false,
  });
});

test('whoever is out because time is up is told so; other reasons stay what they are', () => {
  const idle = sessionEnds(left(1000), NOW_MS);
  const atItsEnd = sessionEnds(left(1000, 1000), NOW_MS);
  const alive = sessionEnds(left(MINUTE_MS), NOW_MS);
  expect(reasonByTime('ended', idle, NOW_MS)).toBe('idle');
  expect(reasonByTime('over', atItsEnd, NOW_MS)).toBe('at-its-end');
  expect(reasonByTime('ended', alive, NOW_MS)).toBe('ended');
  expect(reasonByTime('blocked', idle, NOW_MS)).toBe('blocked');
  expect(reasonByTime('logged-out', idle, NOW_MS)).toBe('logged-out');
});
