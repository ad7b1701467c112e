/** When the session ends if nothing is done. Milliseconds since 1970, by the page's clock. */
export interface SessionEnds {
  /** By the idle timeout. Activity moves it. */
  idleMs: number;
  /** Whatever is done. */
  absoluteMs: number;
  /** The longest idle time that the server has given so far. */
  idleMost: number;
}

const WARNING_MOST_MS = 60_000;
/** Renewals by mere presence come no more often than this part of the idle timeout. */
const RENEWALS_IN_TIMEOUT = 10;

export type Idleness =
  | { phase: 'present'; warnInMs: number }
  /** `nextInMs`: until there is one second less. */
  | { phase: 'warning'; secondsLeft: number; nextInMs: number; canStay: boolean }
  | { phase: 'over' };

/** How long before the end the warning comes: one minute, or half of a shorter idle timeout. */
export const warningMs = ({ idleMost }: SessionEnds): number => Math.min(WARNING_MOST_MS, idleMost / 2);

/** How the session stands at this moment. */
export function idleness(ends: SessionEnds, nowMs: number): Idleness {
  const leftMs = Math.min(ends.idleMs, ends.absoluteMs) - nowMs;
  if (leftMs <= 0) return { phase: 'over' };
  const warnInMs = leftMs - warningMs(ends);
  if (warnInMs > 0) return { phase: 'present', warnInMs };
  const canStay = ends.absoluteMs > ends.idleMs;
  const secondsLeft = Math.ceil(leftMs / 1000);
  return { phase: 'warning', secondsLeft, nextInMs: leftMs - (secondsLeft - 1) * 1000, canStay };
}

/** Whether somebody's presence is worth telling the server now. */
export const isWorthRenewing = (ends: SessionEnds, nowMs: number): boolean =>
  nowMs - (ends.idleMs - ends.idleMost) >= ends.idleMost / RENEWALS_IN_TIMEOUT;

/** What the server's answer of this moment means. */
export const sessionEnds = (
  left: { idle_expires_in_ms: number; session_expires_in_ms: number },
  nowMs: number,
  before?: SessionEnds,
): SessionEnds => ({
  idleMs: nowMs + left.idle_expires_in_ms,
  absoluteMs: nowMs + left.session_expires_in_ms,
  idleMost: Math.max(left.idle_expires_in_ms, before?.idleMost ?? 0),
});

/**
 * Makes a clock of milliseconds since 1970 that is never set back: whoever sets the computer's back would else get as
 * much more time for a page that nobody sits at. One that is set forward, as after the computer has slept, is followed.
 */
export function createClock(wallMs: () => number, steadyMs: () => number): () => number {
  let last = { wallMs: wallMs(), steadyMs: steadyMs() };
  return () => {
    const steady = steadyMs();
    last = { wallMs: Math.max(wallMs(), last.wallMs + steady - last.steadyMs), steadyMs: steady };
    return last.wallMs;
  };
}

/** The page's clock. */
export const nowMs = createClock(
  () => Date.now(),
  () => performance.now(),
);
