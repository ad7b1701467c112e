/** Beyond this many actors, the oldest window is forgotten. */
const MAX_ACTORS = 100_000;

interface Window {
  startMs: number;
  count: number;
}

/** Counts records for each actor in windows that begin with the actor's first record. */
export class ActorRate {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();

  constructor(max: number, windowMs: number) {
    this.#max = max;
    this.#windowMs = windowMs;
  }

  /** Counts one record, and returns whether it is within the actor's rate. */
  take(actor: string, nowMs: number): boolean {
    const current = this.#windows.get(actor);
    if (current !== undefined && nowMs < current.startMs + this.#windowMs) {
      current.count += 1;
      return current.count <= this.#max;
    }
    this.#windows.delete(actor);
    this.#windows.set(actor, { startMs: nowMs, count: 1 });
    return true;
  }

  /** Forgets the windows that have ended, and the oldest ones if there are too many. */
  prune(nowMs: number): void {
    for (const [actor, { startMs }] of this.#windows) {
      if (nowMs < startMs + this.#windowMs && this.#windows.size <= MAX_ACTORS) return;
      this.#windows.delete(actor);
    }
  }
}
