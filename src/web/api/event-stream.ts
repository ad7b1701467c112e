const LEAST_MS = 2000;
const MOST_MS = 15_000;

/**
 * How long to wait after so many refusals in a row, in milliseconds: longer each time, and by `random` (at least 0, less
 * than 1) each page something else, so that those who were refused together don't come back together.
 */
export const retryPauseMs = (refusals: number, random: number): number =>
  Math.min(MOST_MS, LEAST_MS * 2 ** refusals) * (0.5 + random / 2);
