import type { RateLimiter } from '../../redis/rate-limiter.ts';
import { Refusal } from '../../refusal.ts';

/**
 * Limits failures of something that only one party can attempt, such as guesses of the current password in one session.
 * An attempt is held while it is checked, so that concurrent ones cannot exceed the limit.
 */
export class FailureLimiter {
  readonly #limiter: RateLimiter;

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter;
  }

  /**
   * Runs a check unless the limit is reached. If it succeeds, the subject starts afresh; if it throws, the attempt does
   * not count. @throws {RedisUnavailable}
   */
  async attempt<Outcome extends { succeeded: boolean }>(
    subject: string,
    nowMs: number,
    check: () => Promise<Outcome>,
  ): Promise<Outcome | Refusal<'login_throttled'>> {
    const held = await this.#limiter.hold(subject, nowMs);
    if (held instanceof Refusal) return new Refusal('login_throttled', held);
    try {
      const outcome = await check();
      await held.settle(outcome.succeeded ? 'clear' : 'count');
      return outcome;
    } catch (fault) {
      await held.settle('release').catch(() => {});
      throw fault;
    }
  }
}
