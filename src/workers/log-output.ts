import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;
const STANDARD_OUTPUT = 1;

/**
 * Writes the log lines of all workers to standard output. Only whole lines are passed on: if the workers wrote to one pipe
 * themselves, lines would be mixed up whenever it is full. A worker whose lines are not taken fast enough is not read,
 * and deals with that as if it wrote itself.
 */
export class LogOutput {
  readonly #output = createWriteStream('', { fd: STANDARD_OUTPUT, autoClose: false }).setMaxListeners(0);
  readonly #ended: Promise<void>[] = [];

  /** Writes a line of the primary process. */
  write(line: string): void {
    this.#output.write(line);
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
      if (this.#output.write(whole)) return;
      lines.pause();
      this.#output.once('drain', () => lines.resume());
    });
    lines.once('close', () => {
      // The beginning of a line that a worker did not finish, because it was killed.
      if (rest.length > 0) this.#output.write(Buffer.concat([...rest, Buffer.of(NEWLINE)]));
      resolve();
    });
  }

  /** Resolves when everything has been written. */
  async close(): Promise<void> {
    await Promise.all(this.#ended);
    await new Promise<void>((resolve) => this.#output.end(resolve));
  }
}
