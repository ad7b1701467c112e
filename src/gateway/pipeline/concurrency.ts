import type { ServerResponse } from 'node:http';

/**
 * How many requests of each user are at the bank. Connections to the bank are few; without a share for each,
 * one user with slow requests or many streams would keep everybody else waiting.
 */
export class ConcurrencyLimiter {
  readonly #perUserMax: number;
  readonly #bySubject = new Map<string, number>();

  constructor(perUserMax: number) {
    this.#perUserMax = perUserMax;
  }

  /**
   * Counts a request until its answer is complete or given up. The answer is false when the user has too many.
   * One whose client went away while it was judged is not counted: it closes only once.
   */
  tryAcquire(sub: string, outgoing: ServerResponse): boolean {
    if (outgoing.closed) return true;
    const present = this.#bySubject.get(sub) ?? 0;
    if (present >= this.#perUserMax) return false;
    this.#bySubject.set(sub, present + 1);
    outgoing.once('close', () => this.#end(sub));
    return true;
  }

  #end(sub: string): void {
    const left = (this.#bySubject.get(sub) ?? 1) - 1;
    if (left === 0) this.#bySubject.delete(sub);
    else this.#bySubject.set(sub, left);
  }
}
