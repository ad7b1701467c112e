import { NetworkQueue } from './network-queue.ts';

/** Smaller chunks are parsed at once: they are what clients send who do not upload anything. */
const SMALL_BYTES = 8 * 1024;

/** Node reads at most this much at a time. */
const CHUNK_BYTES = 64 * 1024;

/** How many chunks of long bodies and headers are parsed in one turn of the event loop, about 0.1 ms of work. */
const CHUNKS_PER_TURN = 2;

/** How many connections may wait with a chunk that has been taken from the socket. */
const HOLDING_MAX = 512;

/** When a chunk can be parsed: at once, or at once if the connection waits before its next one, or only after it has waited. */
export type ReadTurn = 'now' | 'now-then-wait' | 'later';

/**
 * Shares out what is parsed of large input in each turn of the event loop. Node by itself reads up to 2 MiB of each
 * connection in a turn, so that a few uploads would delay all other requests. A connection that waits is not read
 * meanwhile, so TCP slows its client down. Networks take turns, so that one with many uploads delays only its own.
 *
 * What waits is bounded: if many connections wait already, a further one parses its chunk at once and waits before the
 * next one, so it holds at most what Node reads ahead, 64 KiB. Each connection gets that once; after it, it has its turns
 * like all others.
 */
export class ReadTurns {
  #bytesLeft = CHUNKS_PER_TURN * CHUNK_BYTES;
  readonly #waiting = new NetworkQueue<() => void>();
  #isScheduled = false;

  /** When a chunk can be parsed. If the connection has to wait, the caller calls {@link wait}. */
  take(bytes: number): ReadTurn {
    if (bytes < SMALL_BYTES) return 'now';
    if (this.#bytesLeft <= 0) return this.#waiting.length < HOLDING_MAX ? 'later' : 'now-then-wait';
    this.#bytesLeft -= bytes;
    this.#schedule();
    return 'now';
  }

  /** Calls `resume` in a later turn, in which the caller can parse one chunk. @param network anything that identifies it */
  wait(network: unknown, resume: () => void): void {
    this.#waiting.push(network, resume);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#begin);
  }

  readonly #begin = (): void => {
    this.#isScheduled = false;
    const next = Array.from({ length: Math.min(CHUNKS_PER_TURN, this.#waiting.length) }, () =>
      this.#waiting.next(),
    );
    this.#bytesLeft = (CHUNKS_PER_TURN - next.length) * CHUNK_BYTES;
    if (next.length > 0) this.#schedule();
    for (const resume of next) resume?.();
  };
}
