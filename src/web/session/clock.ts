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
