import { Worker } from 'node:worker_threads';
import type { PasswordJob } from './password-worker.ts';

/** More log-ins are waiting for a password thread than `PASSWORD_QUEUE_MAX` allows. */
export class PasswordQueueFull extends Error {
  readonly code = 'password_queue_full';
  override readonly name = 'PasswordQueueFull';
}

interface PendingJob {
  job: PasswordJob;
  resolve: (answer: string | boolean) => void;
  reject: (fault: Error) => void;
}

interface HashingThread {
  worker: Worker;
  busyWith: PendingJob | undefined;
}

/**
 * Hashes and checks passwords (argon2id, RFC 9106) in threads of its own with a bounded queue, so that a flood
 * of log-ins can't slow down the requests of those who are logged in. Passwords are normalised (NFKC, NIST
 * 800-63B section 5.1.1.2), because keyboards differ in how they write the same letters.
 */
export class PasswordHasher {
  readonly #queueMax: number;
  readonly #threads: HashingThread[];
  readonly #queue: PendingJob[] = [];
  #decoy: Promise<string> | undefined;
  #closed = false;

  constructor(options: { workers: number; queueMax: number }) {
    this.#queueMax = options.queueMax;
    this.#threads = Array.from({ length: options.workers }, () => this.#startThread());
  }

  /** A PHC string with a fresh salt. @throws {PasswordQueueFull} */
  async hash(password: string): Promise<string> {
    return String(await this.#run({ kind: 'hash', password: password.normalize('NFKC') }));
  }

  /**
   * Whether `password` is the one behind `hash`. With `hash` undefined (there is no such user) the answer is
   * no, after the same work: the time an answer takes tells nothing about who exists.
   * @throws {PasswordQueueFull}
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const against = hash ?? (await this.decoy());
    const job = { kind: 'verify', password: password.normalize('NFKC'), hash: against } as const;
    const matches = (await this.#run(job)) === true;
    return matches && hash !== undefined;
  }

  /** The hash that unknown users are checked against. Made once; ask for it at start so that no log-in waits. */
  decoy(): Promise<string> {
    this.#decoy ??= this.hash(crypto.randomUUID());
    return this.#decoy;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const waiting = [...this.#queue.splice(0), ...this.#threads.flatMap(({ busyWith }) => busyWith ?? [])];
    for (const { reject } of waiting) reject(new Error('the password hasher was closed'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #run(job: PasswordJob): Promise<string | boolean> {
    if (this.#closed) return Promise.reject(new Error('the password hasher is closed'));
    const idle = this.#threads.find(({ busyWith }) => busyWith === undefined);
    if (idle === undefined && this.#queue.length >= this.#queueMax) {
      return Promise.reject(new PasswordQueueFull('too many passwords are waiting to be checked'));
    }
    return new Promise((resolve, reject) => {
      const pending = { job, resolve, reject };
      if (idle === undefined) this.#queue.push(pending);
      else give(idle, pending);
    });
  }

  #startThread(): HashingThread {
    const thread: HashingThread = { worker: newWorker(), busyWith: undefined };
    this.#watch(thread);
    return thread;
  }

  #watch(thread: HashingThread): void {
    thread.worker.on('message', (answer: string | boolean) => {
      thread.busyWith?.resolve(answer);
      this.#takeNext(thread);
    });
    thread.worker.on('error', (fault) => this.#replace(thread, fault));
    thread.worker.unref();
  }

  /** A thread that died (a stored hash that isn't one, no memory) fails its own job and nobody else's. */
  #replace(thread: HashingThread, fault: unknown): void {
    thread.busyWith?.reject(new Error('a password thread failed', { cause: fault }));
    if (this.#closed) return;
    thread.worker = newWorker();
    this.#watch(thread);
    this.#takeNext(thread);
  }

  #takeNext(thread: HashingThread): void {
    const next = this.#queue.shift();
    thread.busyWith = undefined;
    if (next === undefined) thread.worker.unref();
    else give(thread, next);
  }
}

const newWorker = (): Worker => new Worker(new URL('./password-worker.ts', import.meta.url));

/** An idle thread does not keep the process alive; one at work does. */
function give(thread: HashingThread, pending: PendingJob): void {
  thread.busyWith = pending;
  thread.worker.ref();
  thread.worker.postMessage(pending.job);
}
