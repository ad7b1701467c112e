/**
 * A queue in which networks take turns, so that one with many entries delays only its own. Each network's own entries
 * stay in order.
 */
export class NetworkQueue<Entry> {
  /** By network, in the order of their turns. */
  readonly #waiting = new Map<unknown, Entry[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** How many networks have entries. */
  get networks(): number {
    return this.#waiting.size;
  }

  /** @param network anything that identifies it */
  push(network: unknown, entry: Entry): void {
    this.#length += 1;
    const ofNetwork = this.#waiting.get(network);
    if (ofNetwork === undefined) this.#waiting.set(network, [entry]);
    else ofNetwork.push(entry);
  }

  /** Removes and returns the entry whose turn it is. */
  next(): Entry | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [network, entries] = first;
    const entry = entries.shift();
    this.#length -= 1;
    this.#waiting.delete(network);
    if (entries.length > 0) this.#waiting.set(network, entries);
    return entry;
  }
}
