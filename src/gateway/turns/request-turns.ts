/** Starts the work on a request. It does not throw. */
type Start = () => void;

/**
 * The order in which requests are begun that have not shown yet that they are worth the work: one in each turn of the
 * event loop. In each turn, Node first handles whatever else has arrived, so the requests of logged-in clients wait
 * for no more than the work on one request of a flood, however many wait here. The processor does not idle meanwhile:
 * the next turn comes at once.
 *
 * Networks take turns, so that one with many requests delays only its own. What waits is bounded by the number of
 * connections and of unanswered requests on each (`../edge/pipelining.ts`).
 */
export class RequestTurns {
  /** By network, in the order of their turns. */
  readonly #waiting = new Map<string, Start[]>();
  #isTurnTaken = false;

  /** How many networks have requests that wait. */
  get networks(): number {
    return this.#waiting.size;
  }

  /** Begins a request at once if it is the first of this turn, and in a later turn otherwise. */
  take(network: string, start: Start): void {
    if (!this.#isTurnTaken) {
      this.#isTurnTaken = true;
      setImmediate(this.#begin);
      start();
      return;
    }
    const ofNetwork = this.#waiting.get(network);
    if (ofNetwork === undefined) this.#waiting.set(network, [start]);
    else ofNetwork.push(start);
  }

  readonly #begin = (): void => {
    const start = this.#next();
    this.#isTurnTaken = start !== undefined;
    if (start === undefined) return;
    setImmediate(this.#begin);
    start();
  };

  #next(): Start | undefined {
    const [entry] = this.#waiting;
    if (entry === undefined) return undefined;
    const [network, starts] = entry;
    const start = starts.shift();
    this.#waiting.delete(network);
    if (starts.length > 0) this.#waiting.set(network, starts);
    return start;
  }
}
