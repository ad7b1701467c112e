import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';

const NEWLINE = 0x0a;
const STANDARD_OUTPUT = 1;
/** How long the last lines may take at the end. */
const CLOSE_MS = 2000;

/**
 * Writes the log lines of all workers to standard output. Only whole lines are passed on: if the workers wrote to one pipe
 * themselves, lines would be mixed up whenever it is full. A worker whose lines are not taken fast enough is not read,
 * and deals with that as if it wrote itself. Once nobody reads standard output any more, lines are discarded.
 */
export class LogOutput {
  readonly #output = pino.destination({ dest: STANDARD_OUTPUT, sync: false });
  readonly #paused = new Set<Readable>();
  readonly #ended: Promise<void>[] = [];
  #isBroken = false;

  constructor() {
    this.#output.on('drain', () => this.#resume());
    // Pino itself ignores a broken pipe, and discards what is written from then on.
    this.#output.on('error', () => {
      this.#isBroken = true;
      this.#resume();
    });
  }

  /** Writes whole lines. @returns whether more can be written now */
  write(lines: string): boolean {
    return this.#isBroken || this.#output.write(lines);
  }

  /** Passes on what a worker writes, until it has ended. */
  follow(lines: Readable): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended.push(promise);
    let rest: Buffer[] = [];
    lines.on('data', (chunk: Buffer) => {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end === 0) return void rest.push(chunk);
      const whole = Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = end === chunk.length ? [] : [chunk.subarray(end)];
      if (this.write(whole.toString())) return;
      lines.pause();
      this.#paused.add(lines);
    });
    lines.once('close', () => {
      this.#paused.delete(lines);
      // The beginning of a line that a worker did not finish, because it was killed.
      if (rest.length > 0) this.write(Buffer.concat([...rest, Buffer.of(NEWLINE)]).toString());
      resolve();
    });
  }

  /** Resolves when everything has been written, or cannot be. */
  async close(): Promise<void> {
    await Promise.all(this.#ended);
    if (this.#isBroken) return;
    const closed = once(this.#output, 'close');
    this.#output.end();
    await Promise.race([closed, delay(CLOSE_MS, undefined, { ref: false })]);
  }

  #resume(): void {
    for (const lines of this.#paused) lines.resume();
    this.#paused.clear();
  }
}
