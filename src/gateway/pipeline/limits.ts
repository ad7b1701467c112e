import type { ServerResponse } from 'node:http';
import type { HeldShares } from '../shares/held-shares.ts';

/** A user takes at most this part of the pool of one of several workers, or more if that is the worker's part of the maximum. */
const POOL_PART = 1 / 8;

/**
 * Stage 7: limits how many requests of one user are at the upstream at a time. Connections to the upstream are few;
 * without a limit, one user with slow requests or many streams would block all others.
 */
export class ConcurrencyLimiter {
  readonly #maxPerUser: number;
  /** At this process. */
  readonly #maxHere: number;
  readonly #shared: HeldShares | undefined;
  readonly #bySubject = new Map<string, number>();

  /**
   * @param shared what users have at other workers, which counts too
   * @param pool how many requests of all users this worker can have at the upstream
   */
  constructor(maxPerUser: number, shared?: HeldShares, pool = Number.POSITIVE_INFINITY) {
    this.#maxPerUser = maxPerUser;
    const part = shared && Math.max(shared.equalPart, Math.ceil(pool * POOL_PART));
    this.#maxHere = Math.min(maxPerUser, part ?? maxPerUser);
    this.#shared = shared;
  }

  /**
   * Counts a request until its response is complete or its client has left, unless the user has too many already. A
   * response that is closed is not counted, because its `close` event will not fire again.
   */
  tryAcquire(sub: string, outgoing: ServerResponse): boolean {
    if (outgoing.closed) return true;
    const count = this.#bySubject.get(sub) ?? 0;
    if (count >= this.#maxHere || this.#isUsedElsewhere(sub, count)) return false;
    this.#bySubject.set(sub, count + 1);
    this.#shared?.note(sub, count + 1);
    outgoing.once('close', () => this.#release(sub));
    return true;
  }

  /**
   * Whether the other workers leave nothing of the user's maximum. What they have reported can have ended, so each worker
   * grants an equal part of the maximum whatever they say.
   */
  #isUsedElsewhere(sub: string, count: number): boolean {
    const shared = this.#shared;
    if (shared === undefined || count < shared.equalPart) return false;
    return count + shared.elsewhere(sub) >= this.#maxPerUser;
  }

  #release(sub: string): void {
    const left = (this.#bySubject.get(sub) ?? 1) - 1;
    if (left === 0) this.#bySubject.delete(sub);
    else this.#bySubject.set(sub, left);
    this.#shared?.note(sub, left);
  }
}
