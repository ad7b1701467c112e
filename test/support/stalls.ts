import { onTestFinished } from 'vitest';

/** How often this process should get to run while it is watched. */
const INTERVAL_MS = 50;
/** A machine that is merely busy lets a process wait less. */
const STALL_MS = 400;

export interface Stalls {
  /** Whether this process stood still at any time between two times of `performance.now()`. */
  anyBetween(fromMs: number, toMs: number): boolean;
}

/** Watches until the current test ends for times in which this process, or the whole machine, did not run. */
export function watchStalls(): Stalls {
  const stalls: { fromMs: number; toMs: number }[] = [];
  let ranMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - ranMs > STALL_MS) stalls.push({ fromMs: ranMs, toMs: nowMs });
    ranMs = nowMs;
  }, INTERVAL_MS);
  onTestFinished(() => clearInterval(timer));
  return {
    anyBetween: (fromMs, toMs) => stalls.some((stall) => stall.fromMs < toMs && stall.toMs > fromMs),
  };
}
