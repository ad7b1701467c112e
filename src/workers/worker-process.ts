import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answers, FromWorker, MetricSnapshot, Question, ToWorker } from './messages.ts';

/** A worker process has ended before it listened. */
export class WorkerNotStarted extends Error {
  readonly code = 'worker_not_started';
  override readonly name = 'WorkerNotStarted';
}

/** How a process has ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  code: number | null;
  signal: string | null;
}

/** How often a worker that starts is asked whether it is ready. */
const READY_POLL_MS = 50;

interface WorkerProcessOptions {
  /** Its number, from 1 on. A worker that replaces another one has the same. */
  number: number;
  /** Has a channel for messages. */
  process: ChildProcess;
  /** Called for messages about shared limits. */
  onShares: (report: Extract<FromWorker, { kind: 'shares' }>['report']) => void;
}

/** A worker as the primary process sees it. */
export class WorkerProcess {
  readonly number: number;
  readonly pid: number | undefined;
  /** Resolves to its URL. Rejects with {@link WorkerNotStarted} if it ends first. */
  readonly listening: Promise<string>;
  readonly ended: Promise<ProcessEnd>;
  /** What it has told last of its metrics. */
  metrics: readonly MetricSnapshot[] = [];
  hasListened = false;
  /** Whether it was told to stop, by the primary process. */
  isStopping = false;
  /** How many pings it has not answered. */
  unansweredPings = 0;
  /** How many messages wait because it does not read. */
  unsentMessages = 0;
  readonly #process: ChildProcess;
  readonly #questions = new Map<number, (answer?: Answers[Question]) => void>();
  #nextId = 1;

  constructor({ number, process, onShares }: WorkerProcessOptions) {
    this.number = number;
    this.pid = process.pid;
    this.#process = process;
    const ended = Promise.withResolvers<ProcessEnd>();
    this.ended = ended.promise;
    process.on('exit', (code, signal) => ended.resolve({ code, signal }));
    // Without a process id, it could not be started. Other errors come from signals to a process that has just ended.
    process.on('error', () => {
      if (this.pid === undefined) ended.resolve({ code: null, signal: null });
    });
    const listening = Promise.withResolvers<string>();
    this.listening = listening.promise;
    this.listening.catch(() => undefined);
    void this.ended.then(() => {
      listening.reject(new WorkerNotStarted(`worker ${number} did not start`));
      for (const resolve of this.#questions.values()) resolve();
    });
    process.on('message', (message: FromWorker) => {
      if (message.kind === 'listening') {
        this.hasListened = true;
        listening.resolve(message.url);
      }
      if (message.kind === 'pong') this.unansweredPings = 0;
      if (message.kind === 'shares') onShares(message.report);
      if (message.kind === 'stopped') this.metrics = message.metrics;
      if (message.kind === 'answer') this.#questions.get(message.id)?.(message.answer);
    });
  }

  /** Asks the worker. Resolves to undefined if it does not answer within `timeoutMs`, or ends. */
  async ask<Asked extends Question>(question: Asked, timeoutMs: number): Promise<Answers[Asked] | undefined> {
    if (!this.#process.connected) return undefined;
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Answers[Question] | undefined>();
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    this.#questions.set(id, resolve);
    this.send({ kind: 'ask', id, question });
    const answer = await promise;
    clearTimeout(timer);
    this.#questions.delete(id);
    return answer as Answers[Asked] | undefined;
  }

  /** Waits until the worker is ready to serve. @returns false if it is not in time, or if it ends or stops */
  async isReadyWithin(withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    while (this.#process.connected && !this.isStopping && performance.now() < deadlineMs) {
      const report = await this.ask('readiness', withinMs);
      if (report?.status === 'ready') return true;
      await delay(READY_POLL_MS);
    }
    return false;
  }

  /** Sends a message, unless the process has ended: that is noticed anyway. */
  send(message: ToWorker): void {
    if (!this.#process.connected) return;
    this.unsentMessages += 1;
    this.#process.send(message, () => {
      this.unsentMessages -= 1;
    });
  }

  ping(): void {
    this.unansweredPings += 1;
    this.send({ kind: 'ping' });
  }

  /** Makes it stop accepting connections and finish its requests. It is killed if that takes longer than `withinMs`. */
  async stop(isReplaced: boolean, withinMs: number): Promise<ProcessEnd> {
    this.isStopping = true;
    this.send({ kind: 'stop', isReplaced });
    const timer = setTimeout(() => this.kill(), withinMs);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
