import type { HeldAttempt, RateLimiter } from '../../redis/rate-limiter.ts';
import { Refusal } from '../../refusal.ts';

/** What the check of a password found. A surplus login is correct, but one too many. */
export type Verdict = 'right' | 'wrong' | 'surplus';

/** How long an attempt waits for concurrent ones that may reach the limit. As many wait as the queue lets run. */
const PATIENCE_MS = 3000;

/** A place in the counters of one limiter. */
export interface Held {
  attempt: HeldAttempt;
  outcomes: Readonly<Record<Verdict, 'count' | 'release' | 'clear'>>;
}

/** A limiter, its subject, and what a verdict does to its counters. */
export type Limit = readonly [limiter: RateLimiter, subject: string, outcomes: Held['outcomes']];

/** Takes all places in one round trip to Redis, or none. */
async function holdAtOnce(limits: readonly Limit[], nowMs: number): Promise<Held[] | undefined> {
  const attempts = await Promise.allSettled(limits.map(([limiter, subject]) => limiter.hold(subject, nowMs)));
  const held = limits.flatMap(([, , outcomes], n) => {
    const attempt = attempts[n];
    const isHeld = attempt?.status === 'fulfilled' && !(attempt.value instanceof Refusal);
    return isHeld ? [{ attempt: attempt.value as HeldAttempt, outcomes }] : [];
  });
  if (held.length === limits.length) return held;
  await release(held);
  return undefined;
}

/** Takes one place after the other, so that no two attempts wait for each other. */
async function holdInOrder(
  limits: readonly Limit[],
  nowMs: number,
): Promise<Held[] | Refusal<'login_throttled'>> {
  const held: Held[] = [];
  for (const [limiter, subject, outcomes] of limits) {
    const attempt = await limiter.hold(subject, nowMs, PATIENCE_MS);
    if (attempt instanceof Refusal) {
      await release(held);
      return new Refusal('login_throttled', attempt);
    }
    held.push({ attempt, outcomes });
  }
  return held;
}

/**
 * Takes a place with each limiter, in one wait for Redis unless concurrent attempts fill a counter; or none.
 * @throws {RedisUnavailable}
 */
export const hold = async (
  limits: readonly Limit[],
  nowMs: number,
): Promise<Held[] | Refusal<'login_throttled'>> =>
  (await holdAtOnce(limits, nowMs)) ?? holdInOrder(limits, nowMs);

/** @throws {RedisUnavailable} */
export const settle = async (held: readonly Held[], verdict: Verdict): Promise<void> => {
  await Promise.all(held.map(({ attempt, outcomes }) => attempt.settle(outcomes[verdict])));
};

/** If Redis is unavailable, what is held expires. */
export const release = async (held: readonly Held[]): Promise<void> => {
  await Promise.allSettled(held.map(({ attempt }) => attempt.settle('release')));
};
