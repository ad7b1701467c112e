/** A worker that has served for this long was not broken from the start. */
const STABLE_MS = 10_000;

const FIRST_DELAY_MS = 250;
const DELAY_MAX_MS = 30_000;

/**
 * How long to wait before the worker of one number is started again. One that has crashed is replaced at once; if workers keep crashing
 * or do not start, each attempt waits twice as long as the one before, up to 30 seconds.
 */
export class RestartDelay {
  #failures = 0;

  /** How many workers of this number in a row have ended within 10 seconds, or did not start. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a worker that has ended after it listened for `servedMs`; 0 if it never did. */
  count(servedMs: number): void {
    this.#failures = servedMs >= STABLE_MS ? 0 : this.#failures + 1;
  }

  get nextMs(): number {
    if (this.#failures <= 1) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), DELAY_MAX_MS);
  }
}

/** The delays of all workers by number: one that keeps crashing delays no other. */
export class RestartDelays {
  readonly #byNumber = new Map<number, RestartDelay>();

  of(number: number): RestartDelay {
    const known = this.#byNumber.get(number) ?? new RestartDelay();
    this.#byNumber.set(number, known);
    return known;
  }
}
