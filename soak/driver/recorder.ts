import { createWriteStream, type WriteStream } from 'node:fs';
import { Checker } from '../model/checker.ts';
import type { Operation, Recorded } from '../model/operation.ts';
import type { Tally } from '../report/tally.ts';
import type { Reply } from './http.ts';

/** How long after a revocation a stream may still deliver what was sent before it. */
const STREAM_GRACE_MS = 2500;

/** What an operation made known: the session that a login has started. */
export interface Performed extends Reply {
  session?: string | undefined;
}

/** Gives the call and the return of every operation to the checker, the tally and the history file. */
export class Recorder {
  readonly checker = new Checker();
  /** Called whenever there are violations. */
  onViolation: () => void = () => {};
  readonly #tally: Tally;
  readonly #history: WriteStream | undefined;
  #operations = 0;

  constructor(tally: Tally, historyFile: string | undefined) {
    this.#tally = tally;
    this.#history = historyFile === undefined ? undefined : createWriteStream(historyFile);
  }

  get count(): number {
    return this.#operations;
  }

  /** Performs an operation between its call and its return. */
  async run<Result extends Performed>(
    operation: Omit<Operation, 'id'>,
    perform: (op: Recorded) => Promise<Result>,
  ): Promise<Result> {
    const op = this.#call(operation);
    const result = await perform(op);
    this.#return(op, result);
    return result;
  }

  /** The same for a stream, of which each part counts. `perform` resolves with its head. */
  async runStream<Result extends Performed>(
    operation: Omit<Operation, 'id'>,
    perform: (onPart: () => void) => Promise<Result>,
  ): Promise<Result> {
    const op = this.#call(operation);
    const result = await perform(() => {
      this.checker.received(op, performance.now(), STREAM_GRACE_MS);
      this.#tally.part(op.name);
    });
    this.#return(op, result);
    return result;
  }

  /** The last part of the request is sent now. */
  sent(op: Recorded): void {
    this.checker.sent(op, performance.now());
  }

  close(): void {
    this.#history?.end();
  }

  #call(operation: Omit<Operation, 'id'>): Recorded {
    this.#operations += 1;
    const op = this.checker.called({ id: this.#operations, ...operation }, performance.now());
    this.#write({ event: 'call', ...op });
    return op;
  }

  #return(op: Recorded, { outcome, detail, session }: Performed): void {
    this.checker.returned(op, { outcome, detail, session }, performance.now());
    this.#tally.add(op);
    if (this.checker.violations.length > 0) this.onViolation();
    this.#write({
      event: 'return',
      id: op.id,
      outcome,
      detail,
      session,
      sentMs: op.sentMs,
      atMs: op.returnedMs,
    });
  }

  #write(event: object): void {
    this.#history?.write(`${JSON.stringify(event)}\n`);
  }
}
