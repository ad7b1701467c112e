import { describe, expect, test } from 'vitest';
import {
  idlePhase,
  sessionTimes,
  shouldReportActivity,
  warningMs,
} from '../../../src/web/auth-session/idle-time.ts';
import { reasonByTime } from '../../../src/web/auth-session/session-state.ts';

const NOW_MS = 1_000_000;
const MINUTE_MS = 60_000;
const left = (idleMs: number, sessionMs = 12 * 60 * MINUTE_MS) => ({
  idle_expires_in_ms: idleMs,
  session_expires_in_ms: sessionMs,
});

describe('with an idle timeout of 15 minutes', () => {
  const times = sessionTimes(left(15 * MINUTE_MS), NOW_MS);

  test('the warning starts one minute before the timeout', () => {
    expect(idlePhase(times, NOW_MS)).toEqual({ phase: 'active', warnInMs: 14 * MINUTE_MS });
    expect(idlePhase(times, NOW_MS + 14 * MINUTE_MS - 1)).toEqual({ phase: 'active', warnInMs: 1 });
  });

  test('the warning counts down in whole seconds until the timeout', () => {
    const at = (secondsLeft: number) => idlePhase(times, NOW_MS + 15 * MINUTE_MS - secondsLeft * 1000);
    expect(at(60)).toEqual({ phase: 'warning', secondsLeft: 60, nextInMs: 1000, canStay: true });
    expect(at(0.001)).toEqual({ phase: 'warning', secondsLeft: 1, nextInMs: 1, canStay: true });
    expect(at(12.25)).toMatchObject({ secondsLeft: 13, nextInMs: 250 });
    expect(at(0)).toEqual({ phase: 'over' });
    expect(at(-3600)).toEqual({ phase: 'over' });
  });

  test('activity is reported at most once per tenth of the timeout', () => {
    expect(shouldReportActivity(times, NOW_MS)).toBe(false);
    expect(shouldReportActivity(times, NOW_MS + 1.5 * MINUTE_MS - 1)).toBe(false);
    expect(shouldReportActivity(times, NOW_MS + 1.5 * MINUTE_MS)).toBe(true);
  });

  test('a later response with less time left does not shorten the timeout', () => {
    const later = sessionTimes(left(30_000), NOW_MS + 14.5 * MINUTE_MS, times);
    expect(later.idleTimeoutMs).toBe(15 * MINUTE_MS);
    expect(warningMs(later)).toBe(MINUTE_MS);
  });
});

test('with a timeout below two minutes, the warning starts at half of it', () => {
  expect(warningMs(sessionTimes(left(10_000), NOW_MS))).toBe(5000);
});

test('there is no way to stay if the session expires before the idle timeout', () => {
  const times = sessionTimes(left(40_000, 40_000), NOW_MS);
  expect(idlePhase({ ...times, idleTimeoutMs: 15 * MINUTE_MS }, NOW_MS)).toEqual({
    phase: 'warning',
    secondsLeft: 40,
    nextInMs: 1000,
    canStay: false,
  });
});

test('an unspecific end reason is replaced if a timeout was reached, and a specific one is kept', () => {
  const idle = sessionTimes(left(1000), NOW_MS);
  const expired = sessionTimes(left(1000, 1000), NOW_MS);
  const current = sessionTimes(left(MINUTE_MS), NOW_MS);
  expect(reasonByTime('ended', idle, NOW_MS)).toBe('idle');
  expect(reasonByTime('unknown', expired, NOW_MS)).toBe('expired');
  expect(reasonByTime('ended', current, NOW_MS)).toBe('ended');
  expect(reasonByTime('blocked', idle, NOW_MS)).toBe('blocked');
  expect(reasonByTime('logged-out', idle, NOW_MS)).toBe('logged-out');
});
