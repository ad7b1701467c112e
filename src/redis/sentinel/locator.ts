import type { Logger } from '../../log.ts';
import type { RedisTls } from '../server/tls.ts';
import { isSamePrimary, majorityVote, type Primary } from './majority.ts';
import { Sentinel } from './sentinel.ts';

/** How often each Sentinel is asked within a lease. */
const QUESTIONS_PER_LEASE = 5;

export interface LocatorOptions {
  /** `redis://` or `rediss://`, with the credentials for the Sentinels. */
  sentinelUrls: readonly string[];
  /** The name of the primary. */
  name: string;
  leaseMs: number;
  log: Logger;
  /** For `rediss://`. */
  tls?: RedisTls | undefined;
}

/**
 * Finds the primary: the server that more than half of the configured Sentinels name. It may be used while that many
 * have named it within the last lease, so Sentinels that cannot be reached matter only if they are half of them or more.
 */
export class PrimaryLocator {
  readonly leaseMs: number;
  readonly #log: Logger;
  readonly #sentinels: readonly Sentinel[];
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(primary: Primary) => void>();
  #primary: Primary | undefined;
  #confirmedUntilMs: number;
  #isLapsed = false;
  /** How many rounds of questions in a row found the primary unconfirmed. A process that was busy has one at most. */
  #lapsedRounds = 0;

  constructor({ sentinelUrls, name, leaseMs, log, tls }: LocatorOptions) {
    this.leaseMs = leaseMs;
    this.#log = log;
    this.#confirmedUntilMs = performance.now() + leaseMs;
    const onStatement = (): void => this.#count();
    const options = { name, deadlineMs: leaseMs / 2, log, tls, onStatement };
    this.#sentinels = sentinelUrls.map((url) => new Sentinel({ ...options, url }));
    this.#timer = setInterval(() => this.#ask(), leaseMs / QUESTIONS_PER_LEASE);
    this.#timer.unref();
  }

  /** Whether this primary may be used now. */
  isConfirmed(primary: Primary): boolean {
    return isSamePrimary(primary, this.#primary) && performance.now() < this.#confirmedUntilMs;
  }

  /** Calls `listener` with the primary whenever it is another one, and now if it is known. */
  onPrimary(listener: (primary: Primary) => void): void {
    this.#listeners.add(listener);
    if (this.#primary !== undefined) listener(this.#primary);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    for (const sentinel of this.#sentinels) sentinel.close();
  }

  #ask(): void {
    for (const sentinel of this.#sentinels) void sentinel.ask();
    this.#lapsedRounds = performance.now() < this.#confirmedUntilMs ? 0 : this.#lapsedRounds + 1;
    if (this.#lapsedRounds < 2 || this.#isLapsed) return;
    this.#isLapsed = true;
    this.#log.error({ event: 'redis_primary_unconfirmed', ...this.#primary }, UNCONFIRMED);
  }

  #count(): void {
    const statements = this.#sentinels.flatMap(({ statement }) => statement ?? []);
    const sinceMs = performance.now() - this.leaseMs;
    const vote = majorityVote(statements, this.#sentinels.length, sinceMs);
    if (vote === undefined) return;
    const { primary, askedAtMs } = vote;
    this.#confirmedUntilMs = askedAtMs + this.leaseMs;
    const isNew = !isSamePrimary(primary, this.#primary);
    if (isNew || this.#isLapsed)
      this.#log.info(
        { event: 'redis_primary_confirmed', ...primary },
        'a majority of the Sentinels names it',
      );
    this.#isLapsed = false;
    if (!isNew) return;
    this.#primary = primary;
    for (const listener of this.#listeners) listener(primary);
  }
}

/** For the log and for the reason of a rejection. */
export const UNCONFIRMED = 'no majority of the Sentinels names one primary';
