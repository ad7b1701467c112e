import { Piscina } from 'piscina';
import type { Pepper } from '../keys/pepper.ts';
import type { Logger } from '../log.ts';
import type { PasswordJob } from './hashes/password-worker.ts';
import { type HashCost, isSameHash, readStoredHash, sealHash } from './hashes/stored-hash.ts';

/** More logins are waiting for a password thread than `PASSWORD_QUEUE_MAX` allows. */
export class PasswordQueueFull extends Error {
  readonly code = 'password_queue_full';
  override readonly name = 'PasswordQueueFull';
}

/** The smallest cost that OWASP recommends for one lane. */
const MIN_COST: HashCost = { memoryKib: 19_456, passes: 2 };

interface PasswordHasherOptions {
  workers: number;
  queueMax: number;
  /** The first authenticates new hashes, all verify. Without any, new hashes have no pepper. */
  peppers?: readonly Pepper[] | undefined;
  cost?: HashCost | undefined;
  /** For hashes whose pepper is not known. */
  log?: Pick<Logger, 'error'> | undefined;
}

/**
 * Hashes and verifies passwords (argon2id, RFC 9106) in dedicated threads of a low priority with a bounded queue, so that
 * a flood of logins hardly slows down the requests of users who are already logged in. Passwords are normalized (NFKC, NIST
 * SP 800-63B-4, section 3.1.1.2), because keyboards encode the same letters differently. The peppers stay in this thread.
 */
export class PasswordHasher {
  readonly #pool: Piscina<PasswordJob, string | boolean>;
  readonly #queueMax: number;
  readonly #peppers: readonly Pepper[];
  readonly #cost: HashCost;
  readonly #log: Pick<Logger, 'error'> | undefined;
  #decoy: Promise<string> | undefined;
  #closed = false;

  /** All threads start now and keep running, so that no login waits for a thread to start. */
  constructor({ workers, queueMax, peppers = [], cost = MIN_COST, log }: PasswordHasherOptions) {
    this.#log = log;
    this.#queueMax = queueMax;
    this.#peppers = peppers;
    this.#cost = cost;
    this.#pool = new Piscina({
      filename: new URL('./hashes/password-worker.ts', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      maxQueue: queueMax,
      stricterFIFO: true,
      atomics: 'disabled',
    });
    // Reports a thread that failed without a job. The pool replaces it; without a listener the process would exit.
    this.#pool.on('error', () => {});
  }

  /** What is stored of a password: a PHC string with a fresh salt, sealed with the first pepper. @throws {PasswordQueueFull} */
  async hash(password: string): Promise<string> {
    const phc = String(
      await this.#run({ kind: 'hash', password: password.normalize('NFKC'), cost: this.#cost }),
    );
    const [pepper] = this.#peppers;
    return pepper === undefined ? phc : sealHash(pepper, phc);
  }

  /**
   * Whether `password` matches `hash`. If `hash` is undefined (no such user), a decoy of the present cost is checked and
   * the result is false. A check of a cheaper hash is filled up to the same work, whatever its result, so that response
   * times do not reveal which users exist. The caches of the processor leave a difference of about a tenth. A hash of a
   * higher cost than the present one takes longer. A hash whose pepper is not known matches nothing, and is logged.
   * @throws {PasswordQueueFull}
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const matches = await this.#matches(password.normalize('NFKC'), hash ?? (await this.decoy()));
    return matches && hash !== undefined;
  }

  /** Whether a hash should be replaced: it has no pepper, an old one, or a lower cost than new hashes. */
  isOutdated(hash: string): boolean {
    const { pepperId, settings } = readStoredHash(hash);
    const { memoryKib, passes } = this.#cost;
    return pepperId !== this.#peppers[0]?.id || settings.memoryKib < memoryKib || settings.passes < passes;
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

  async #matches(password: string, hash: string): Promise<boolean> {
    const cost = this.#cost;
    if (!hash.startsWith('$hmac-'))
      return (await this.#run({ kind: 'verify', password, cost, hash })) === true;
    const { pepperId, settings } = readStoredHash(hash);
    const phc = String(await this.#run({ kind: 'repeat', password, cost, settings }));
    const pepper = this.#peppers.find(({ id }) => id === pepperId);
    if (pepper === undefined) {
      this.#log?.error({ event: 'pepper_unknown', pepperId }, 'PASSWORD_PEPPER has no key with this id');
      return false;
    }
    return isSameHash(sealHash(pepper, phc), hash);
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
