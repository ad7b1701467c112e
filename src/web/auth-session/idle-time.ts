/** When a session ends unless something happens, in milliseconds since 1970 by the page's clock. */
export interface SessionTimes {
  /** Moved by activity. */
  idleAtMs: number;
  /** Not moved by anything. */
  expiresAtMs: number;
  /** The longest remaining idle time that the server has reported so far. */
  idleTimeoutMs: number;
}

const WARNING_MAX_MS = 60_000;
/** Activity is reported to the server at most so many times per idle timeout. */
const REPORTS_PER_TIMEOUT = 10;

export type IdlePhase =
  | { phase: 'active'; warnInMs: number }
  /** `nextInMs`: until `secondsLeft` changes. */
  | { phase: 'warning'; secondsLeft: number; nextInMs: number; canStay: boolean }
  | { phase: 'over' };

/** How long before the end the user is warned: one minute, or half of a shorter idle timeout. */
export const warningMs = ({ idleTimeoutMs }: SessionTimes): number =>
  Math.min(WARNING_MAX_MS, idleTimeoutMs / 2);

export function idlePhase(times: SessionTimes, nowMs: number): IdlePhase {
  const leftMs = Math.min(times.idleAtMs, times.expiresAtMs) - nowMs;
  if (leftMs <= 0) return { phase: 'over' };
  const warnInMs = leftMs - warningMs(times);
  if (warnInMs > 0) return { phase: 'active', warnInMs };
  const canStay = times.expiresAtMs > times.idleAtMs;
  const secondsLeft = Math.ceil(leftMs / 1000);
  return { phase: 'warning', secondsLeft, nextInMs: leftMs - (secondsLeft - 1) * 1000, canStay };
}

/** Whether enough time has passed since the last activity that was reported to the server. */
export const shouldReportActivity = (times: SessionTimes, nowMs: number): boolean =>
  nowMs - (times.idleAtMs - times.idleTimeoutMs) >= times.idleTimeoutMs / REPORTS_PER_TIMEOUT;

/** From a response that has just been received. */
export const sessionTimes = (
  left: { idle_expires_in_ms: number; session_expires_in_ms: number },
  nowMs: number,
  before?: SessionTimes,
): SessionTimes => ({
  idleAtMs: nowMs + left.idle_expires_in_ms,
  expiresAtMs: nowMs + left.session_expires_in_ms,
  idleTimeoutMs: Math.max(left.idle_expires_in_ms, before?.idleTimeoutMs ?? 0),
});

/**
 * A clock (milliseconds since 1970) that never goes back: setting the computer's clock back must not extend a session.
 * It follows a clock that is set forward, as after the computer was asleep.
 */
export function createClock(wallMs: () => number, steadyMs: () => number): () => number {
  let last = { wallMs: wallMs(), steadyMs: steadyMs() };
  return () => {
    const steady = steadyMs();
    last = { wallMs: Math.max(wallMs(), last.wallMs + steady - last.steadyMs), steadyMs: steady };
    return last.wallMs;
  };
}

export const nowMs = createClock(
  () => Date.now(),
  () => performance.now(),
);

/** Tokens are renewed after between this and that fraction of their remaining lifetime. */
const RENEW_FROM = 0.5;
const RENEW_UNTIL = 0.9;

/**
 * When to renew tokens that expire in `leftMs`. The moment is random, so that somebody who has stolen the tokens, and
 * with them knows when they expire, cannot renew them at the same time (`REFRESH_GRACE_SECONDS`).
 */
export const renewalDelayMs = (leftMs: number): number =>
  Math.max(0, leftMs) * (RENEW_FROM + Math.random() * (RENEW_UNTIL - RENEW_FROM));
