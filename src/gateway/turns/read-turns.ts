/** Smaller chunks are parsed at once: they are what clients send who do not upload anything. */
const SMALL_BYTES = 8 * 1024;

/** Node reads at most this much at a time. */
const CHUNK_BYTES = 64 * 1024;

/** How many chunks of long bodies and headers are parsed in one turn of the event loop, about 0.1 ms of work. */
const CHUNKS_PER_TURN = 2;

/** How many connections wait. Each holds up to two chunks, so this bounds their memory to 64 MiB. */
const WAITING_MAX = 512;

/**
 * Shares out what is parsed of large input in each turn of the event loop. Node by itself reads up to 2 MiB of each
 * connection in a turn, so that a few uploads would delay all other requests. A connection that waits is not read
 * meanwhile, so TCP slows its client down. They continue in the order in which they began to wait. If too many wait
 * already, what others send is parsed at once, which takes no memory.
 */
export class ReadTurns {
  #bytesLeft = CHUNKS_PER_TURN * CHUNK_BYTES;
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  /** Whether a chunk can be parsed in this turn. If not, the caller waits. */
  take(bytes: number): boolean {
    if (bytes < SMALL_BYTES || this.#waiting.length >= WAITING_MAX) return true;
    if (this.#bytesLeft <= 0) return false;
    this.#bytesLeft -= bytes;
    this.#schedule();
    return true;
  }

  /** Calls `resume` in a later turn, in which the caller can parse one chunk. */
  wait(resume: () => void): void {
    this.#waiting.push(resume);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#begin);
  }

  readonly #begin = (): void => {
    this.#isScheduled = false;
    const next = this.#waiting.splice(0, CHUNKS_PER_TURN);
    this.#bytesLeft = (CHUNKS_PER_TURN - next.length) * CHUNK_BYTES;
    if (next.length > 0) this.#schedule();
    for (const resume of next) resume();
  };
}
