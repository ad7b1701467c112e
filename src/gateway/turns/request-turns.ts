import { NetworkQueue } from './network-queue.ts';

/** Starts the work on a request. It does not throw. */
type Start = () => void;

/** The time for requests that take turns, as a part of the time of all others. */
const GUARANTEED_PART = 1 / 4;

/**
 * The order in which requests are begun that have not shown yet that they are worth the work: one in each turn of the
 * event loop, or as many as fit into a quarter of the time that everything else took in the turn. In each turn, Node
 * first handles whatever else has arrived, so the requests of logged-in clients wait for little more than the work on one
 * request of a flood, however many wait here; and if there are so many of them that turns are long, they do not shut out
 * the others. The processor does not idle meanwhile: the next turn comes at once.
 *
 * Networks take turns, so that one with many requests delays only its own. What waits is bounded by the number of
 * connections and of unanswered requests on each (`../edge/pipelining.ts`).
 */
export class RequestTurns {
  readonly #waiting = new NetworkQueue<Start>();
  readonly #now: () => number;
  #isTurnTaken = false;
  #endedMs = 0;

  /** @param now a clock that never goes back, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many networks have requests that wait. */
  get networks(): number {
    return this.#waiting.networks;
  }

  /** Begins a request at once if it is the first of this turn, and in a later turn otherwise. */
  take(network: string, start: Start): void {
    if (!this.#isTurnTaken) {
      this.#isTurnTaken = true;
      setImmediate(this.#begin);
      start();
      this.#endedMs = this.#now();
      return;
    }
    this.#waiting.push(network, start);
  }

  readonly #begin = (): void => {
    const begunMs = this.#now();
    const untilMs = begunMs + (begunMs - this.#endedMs) * GUARANTEED_PART;
    let start = this.#waiting.next();
    this.#isTurnTaken = start !== undefined;
    if (start === undefined) return;
    setImmediate(this.#begin);
    do {
      start();
      this.#endedMs = this.#now();
      start = this.#endedMs < untilMs ? this.#waiting.next() : undefined;
    } while (start !== undefined);
  };
}
