import { Piscina } from 'piscina';
import type { PasswordJob } from './password-worker.ts';

/** More logins are waiting for a password thread than `PASSWORD_QUEUE_MAX` allows. */
export class PasswordQueueFull extends Error {
  readonly code = 'password_queue_full';
  override readonly name = 'PasswordQueueFull';
}

/**
 * Hashes and verifies passwords (argon2id, RFC 9106) in dedicated threads with a bounded queue, so that a flood of
 * logins cannot slow down the requests of users who are already logged in. Passwords are normalized (NFKC, NIST
 * SP 800-63B, section 5.1.1.2), because keyboards encode the same letters differently.
 */
export class PasswordHasher {
  readonly #pool: Piscina<PasswordJob, string | boolean>;
  readonly #queueMax: number;
  #decoy: Promise<string> | undefined;
  #closed = false;

  /** All threads start now and keep running, so that no login waits for a thread to start. */
  constructor({ workers, queueMax }: { workers: number; queueMax: number }) {
    this.#queueMax = queueMax;
    this.#pool = new Piscina({
      filename: new URL('./password-worker.ts', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      maxQueue: queueMax,
      stricterFIFO: true,
      atomics: 'disabled',
    });
    // Reports a thread that failed without a job. The pool replaces it; without a listener the process would exit.
    this.#pool.on('error', () => {});
  }

  /** A PHC string with a fresh salt. @throws {PasswordQueueFull} */
  async hash(password: string): Promise<string> {
    return String(await this.#run({ kind: 'hash', password: password.normalize('NFKC') }));
  }

  /**
   * Whether `password` matches `hash`. If `hash` is undefined (no such user), the result is false after the same amount
   * of work, so response times do not reveal which users exist. @throws {PasswordQueueFull}
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const job = { password: password.normalize('NFKC'), hash: hash ?? (await this.decoy()) };
    const matches = await this.#run({ kind: 'verify', ...job });
    return matches === true && hash !== undefined;
  }

  /** The hash that unknown users are checked against. Created once: call this at startup so that no login waits. */
  decoy(): Promise<string> {
    this.#decoy ??= this.hash(crypto.randomUUID());
    return this.#decoy;
  }

  /** Rejects all pending jobs and waits until the threads have stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }

  async #run(job: PasswordJob): Promise<string | boolean> {
    if (this.#closed) throw new Error('the password hasher is closed');
    if (this.#pool.queueSize >= this.#queueMax)
      throw new PasswordQueueFull('too many passwords are waiting to be checked');
    try {
      return await this.#pool.run(job);
    } catch (cause) {
      throw new Error(this.#closed ? 'the password hasher was closed' : 'a password thread failed', {
        cause,
      });
    }
  }
}
