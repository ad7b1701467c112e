import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { RestartDelays } from './restart-delay.ts';
import { WorkerNotStarted, type WorkerProcess } from './worker-process.ts';

interface WorkerPoolOptions {
  count: number;
  /** Starts the process of a worker. */
  spawn: (number: number) => WorkerProcess;
  /** Called when the process of a worker has ended, for whatever reason. */
  onEnded: (worker: WorkerProcess) => void;
  /** How long a worker may take to stop before it is killed. */
  stopWithinMs: number;
  /** How long a new worker may take to listen, and then to be ready. */
  readyWithinMs: number;
  log: Logger;
}

/** After so many failures in a row with no worker left, there is no point in going on. */
const FAILURES_MAX = 5;

/** Keeps a number of workers running: replaces those that crash, and all of them, one by one, on request. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** The worker that serves under each number. */
  readonly #serving = new Map<number, WorkerProcess>();
  /** All processes, those that are starting or stopping included. */
  readonly #processes = new Set<WorkerProcess>();
  readonly #restartDelays = new RestartDelays();
  readonly #failed = Promise.withResolvers<never>();
  readonly #stopping = new AbortController();
  #restarting: Promise<void> | undefined;
  /** The number of the worker that is being replaced on request. */
  #renewing: number | undefined;
  /** How many workers have ended without being told to. */
  crashes = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
  }

  get serving(): readonly WorkerProcess[] {
    return [...this.#serving.values()];
  }

  get processes(): readonly WorkerProcess[] {
    return [...this.#processes];
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Rejects with {@link WorkerNotStarted} once no worker is left and none can be started. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /**
   * Starts the first worker, which creates the files that are missing, and then the others.
   * @returns the URL that all listen on
   * @throws {WorkerNotStarted} if the first one does not start
   */
  async start(): Promise<string> {
    const first = await this.#launch(1);
    this.#serve(first);
    const others = Array.from({ length: this.#options.count - 1 }, (_, index) => index + 2);
    await Promise.all(
      others.map(async (number) => {
        if (!(await this.#startOnce(number))) void this.#replace(number);
      }),
    );
    return first.listening;
  }

  /** Replaces all workers, one at a time, without a moment in which fewer serve. A second call while this goes on waits. */
  async restart(): Promise<void> {
    await this.#restarting;
    this.#restarting ??= this.#restartAll().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /** Stops all workers at the same time. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { stopWithinMs } = this.#options;
    await Promise.all([...this.#processes].map((worker) => worker.stop(false, stopWithinMs)));
  }

  async #launch(number: number): Promise<WorkerProcess> {
    const worker = this.#options.spawn(number);
    this.#processes.add(worker);
    void worker.ended.then(() => {
      this.#processes.delete(worker);
      this.#options.onEnded(worker);
    });
    const timer = setTimeout(() => worker.kill(), this.#options.readyWithinMs);
    await worker.listening.finally(() => clearTimeout(timer));
    return worker;
  }

  #serve(worker: WorkerProcess): void {
    const startedMs = performance.now();
    this.#serving.set(worker.number, worker);
    void worker.ended.then((end) => {
      if (worker.isStopping) return;
      this.crashes += 1;
      this.#options.log.error({ event: 'worker_ended', of: worker.number, ...end }, 'a worker has ended');
      if (this.#serving.get(worker.number) !== worker) return;
      this.#serving.delete(worker.number);
      this.#restartDelays.of(worker.number).count(performance.now() - startedMs);
      if (this.#renewing !== worker.number) void this.#replace(worker.number);
    });
  }

  async #replace(number: number): Promise<void> {
    const { signal } = this.#stopping;
    do {
      await delay(this.#restartDelays.of(number).nextMs, undefined, { signal }).catch(() => undefined);
      if (await this.#startOnce(number)) return;
    } while (this.#serving.size > 0 || this.#restartDelays.of(number).failures < FAILURES_MAX);
    this.#failed.reject(new WorkerNotStarted('no worker is left, and none can be started'));
  }

  /** Starts a worker, unless all are to stop. @returns false if another attempt is needed */
  async #startOnce(number: number): Promise<boolean> {
    if (this.isStopping || this.#serving.has(number)) return true;
    try {
      const worker = await this.#launch(number);
      // A restart has filled the place meanwhile.
      if (this.#serving.has(number)) void worker.stop(true, this.#options.stopWithinMs);
      else this.#serve(worker);
      return true;
    } catch {
      this.#restartDelays.of(number).count(0);
      this.#options.log.error({ event: 'worker_not_started', of: number }, 'a worker could not be started');
      return false;
    }
  }

  async #restartAll(): Promise<void> {
    const { log } = this.#options;
    log.info({ event: 'restart_begun' }, 'all workers are replaced, one at a time');
    for (const number of [...this.#serving.keys()]) {
      if (this.isStopping) return;
      if (!(await this.#renew(number)) && !this.isStopping)
        return log.error(
          { event: 'restart_failed', of: number },
          'a new worker was not ready; the old ones go on',
        );
    }
    log.info({ event: 'restart_done' }, 'all workers have been replaced');
  }

  /** Puts a new worker in the place of one that serves, which then stops. @returns whether the new one was ready */
  async #renew(number: number): Promise<boolean> {
    this.#renewing = number;
    const fresh = await this.#launch(number).catch(() => undefined);
    const isFreshReady = fresh !== undefined && (await fresh.isReadyWithin(this.#options.readyWithinMs));
    this.#renewing = undefined;
    const old = this.#serving.get(number);
    if (!isFreshReady) {
      // It may have requests already.
      void fresh?.stop(true, this.#options.stopWithinMs);
      if (old === undefined && !this.isStopping) void this.#replace(number);
      return false;
    }
    this.#serve(fresh);
    await old?.stop(true, this.#options.stopWithinMs);
    return true;
  }
}
