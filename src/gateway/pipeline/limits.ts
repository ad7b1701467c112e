import type { ServerResponse } from 'node:http';
import type { HeldShares } from '../shares/held-shares.ts';

/**
 * Stage 6: limits how many requests of one user are at the upstream at a time. Connections to the upstream are few;
 * without a limit, one user with slow requests or many streams would block all others.
 */
export class ConcurrencyLimiter {
  readonly #maxPerUser: number;
  readonly #shared: HeldShares | undefined;
  readonly #bySubject = new Map<string, number>();

  /** @param shared what users have at other workers, which counts too */
  constructor(maxPerUser: number, shared?: HeldShares) {
    this.#maxPerUser = maxPerUser;
    this.#shared = shared;
  }

  /**
   * Counts a request until its response is complete or its client has left, unless the user has too many already. A
   * response that is closed is not counted, because its `close` event will not fire again.
   */
  tryAcquire(sub: string, outgoing: ServerResponse): boolean {
    if (outgoing.closed) return true;
    const count = this.#bySubject.get(sub) ?? 0;
    if (count + (this.#shared?.elsewhere(sub) ?? 0) >= this.#maxPerUser) return false;
    this.#bySubject.set(sub, count + 1);
    this.#shared?.note(sub, count + 1);
    outgoing.once('close', () => this.#release(sub));
    return true;
  }

  #release(sub: string): void {
    const left = (this.#bySubject.get(sub) ?? 1) - 1;
    if (left === 0) this.#bySubject.delete(sub);
    else this.#bySubject.set(sub, left);
    this.#shared?.note(sub, left);
  }
}
