import { networkOf } from '../http/addresses.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { RateLimiter } from '../redis/rate-limiter.ts';
import { Refusal } from '../refusal.ts';
import { foldUsername } from './fields.ts';

/**
 * Limits failed logins for each username and each client network.
 *
 * An attempt is counted before its password is checked and refunded if the password was right, so that concurrent
 * attempts cannot exceed the limit. Usernames are stored as digests, because people type passwords into the username
 * field.
 */
export class LoginLimiter {
  readonly #username: RateLimiter;
  readonly #address: RateLimiter;

  /** `prefix` separates the counters of OAuth clients, for example, from those of users. */
  constructor(
    redis: RedisLink,
    limits: { failuresPerUsername: number; failuresPerAddress: number; windowSeconds: number },
    prefix = '',
  ) {
    const { failuresPerUsername, failuresPerAddress, windowSeconds } = limits;
    this.#username = new RateLimiter(redis, {
      name: `${prefix}username`,
      max: failuresPerUsername,
      windowSeconds,
    });
    this.#address = new RateLimiter(redis, {
      name: `${prefix}address`,
      max: failuresPerAddress,
      windowSeconds,
      keyOf: networkOf,
    });
  }

  /** Counts a failure. Returns 0, or the seconds to wait if a limit is exceeded. @throws {RedisUnavailable} */
  async take(username: string, address: string): Promise<number> {
    return (await this.#address.take(address)) || this.#username.take(foldUsername(username));
  }

  /**
   * Counts an attempt and runs its check, unless a limit is exceeded. If the check succeeds, the username starts
   * afresh; if it throws, the attempt does not count. @throws {RedisUnavailable}
   */
  async attempt<Outcome extends { succeeded: boolean }>(
    username: string,
    address: string,
    check: () => Promise<Outcome>,
  ): Promise<Outcome | Refusal<'login_throttled'>> {
    const retryAfterSeconds = await this.take(username, address);
    if (retryAfterSeconds > 0) return new Refusal('login_throttled', { retryAfterSeconds });
    const outcome = await check().catch(async (fault: unknown) => {
      if (!(fault instanceof RedisUnavailable)) await this.#refund(username, address);
      throw fault;
    });
    if (outcome.succeeded) {
      await this.#username.reset(foldUsername(username));
      await this.#address.refund(address);
    }
    return outcome;
  }

  async #refund(username: string, address: string): Promise<void> {
    await this.#username.refund(foldUsername(username));
    await this.#address.refund(address);
  }
}
