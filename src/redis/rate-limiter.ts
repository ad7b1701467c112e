import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { networksOf } from '../http/addresses.ts';
import { Refusal } from '../refusal.ts';
import { RedisUnavailable } from './connection.ts';
import { SETTLE, SETTLE_ARGUMENTS, TAKE, TAKE_ARGUMENTS } from './counter-scripts.ts';
import { counterKey } from './keys.ts';
import { runScript } from './scripts.ts';
import type { RedisStore } from './store.ts';

/** How often the maximum of a wider network is that of the next narrower one. A /48 contains 65,536 times a /64. */
const MAX_GROWTH_PER_STEP = 4;

/** An attempt whose outcome is still unknown after this time is forgotten: its process has ended or lost Redis. */
const HELD_MS = 30_000;
/** How often an attempt looks whether others that fill a counter have been settled. */
const OUTCOME_POLL_MS = 20;

/** The counters of a subject: the name that they share, and one step or several, from narrow to wide. */
interface Counters {
  subject: string;
  steps: readonly string[];
}

interface RateLimitOptions {
  /** Part of the counters' keys. */
  name: string;
  /** The maximum of the first step. Each further one has {@link MAX_GROWTH_PER_STEP} times as much. */
  max: number;
  windowSeconds: number;
  /** By default one counter, under a digest of the subject, which may be what a client typed. */
  countersOf?: (subject: string) => Counters;
}

const digest = (subject: string): string => createHash('sha256').update(subject).digest('base64url');

/** Counters for a client address: one for an IPv4 address; for IPv6 one each for its /64, /56 and /48. */
export const countersByNetwork = (address: string): Counters => {
  const steps = networksOf(address);
  return { subject: steps.at(-1) ?? '', steps };
};

/** A counter that a script of its own counts in (`COUNTERS_LUA`). */
export interface Counter {
  key: string;
  max: number;
  windowMs: number;
}

/** An attempt that is counted once its outcome is known. What is never settled is not counted. */
export interface HeldAttempt {
  /** `count` counts it, `release` does not, and `clear` also lets the subject start afresh. */
  settle(outcome: 'count' | 'release' | 'clear'): Promise<void>;
}

/**
 * Limits how often something is attempted for each subject within a time window. The counters are in Redis. An attempt
 * that is refused is not counted.
 */
export class RateLimiter {
  readonly #redis: RedisStore;
  readonly #options: Required<RateLimitOptions>;

  constructor(redis: RedisStore, options: RateLimitOptions) {
    this.#redis = redis;
    const countersOf = (subject: string): Counters => ({ subject: digest(subject), steps: ['1'] });
    this.#options = { countersOf, ...options };
  }

  /** Counts an attempt. Returns 0, or the seconds to wait if the limit is reached. @throws {RedisUnavailable} */
  async take(subject: string, nowMs: number): Promise<number> {
    return secondsOf((await this.#take(subject, nowMs, 'count')).waitMs);
  }

  /**
   * How many attempts the first step has counted, and the seconds until another one would be; 0 if it would be now.
   * @throws {RedisUnavailable}
   */
  async usage(subject: string, nowMs: number): Promise<{ count: number; retryAfterSeconds: number }> {
    const { count, waitMs } = await this.#take(subject, nowMs, 'look');
    return { count, retryAfterSeconds: secondsOf(waitMs) };
  }

  /** The first counter of a subject, for a script that touches other keys in its slot as well. */
  counterOf(subject: string): Counter {
    const { max, windowSeconds } = this.#options;
    return { key: this.#keysOf(subject)[0] ?? '', max, windowMs: windowSeconds * 1000 };
  }

  /** Takes back an attempt that {@link take} or a script has counted. @throws {RedisUnavailable} */
  refund(subject: string, nowMs: number): Promise<void> {
    return this.#settle(subject, nowMs, 'refund');
  }

  /** Forgets what was counted for the subject. @throws {RedisUnavailable} */
  clear(subject: string, nowMs: number): Promise<void> {
    return this.#settle(subject, nowMs, 'clear');
  }

  /**
   * Holds a place for an attempt until its outcome is known. Held and counted attempts together stay within the limit,
   * so that concurrent attempts cannot exceed it. If held ones fill it, this waits up to `patienceMs` for their outcome.
   * @throws {RedisUnavailable}
   */
  async hold(subject: string, nowMs: number, patienceMs = 0): Promise<HeldAttempt | Refusal<'rate_limited'>> {
    const attempt = randomBytes(9).toString('base64url');
    const startMs = performance.now();
    let { waitMs } = await this.#take(subject, nowMs, 'hold', attempt);
    while (waitMs < 0 && performance.now() - startMs < patienceMs) {
      await delay(OUTCOME_POLL_MS);
      ({ waitMs } = await this.#take(subject, nowMs + performance.now() - startMs, 'hold', attempt));
    }
    if (waitMs !== 0) return new Refusal('rate_limited', { retryAfterSeconds: secondsOf(waitMs) });
    return { settle: (outcome) => this.#settle(subject, nowMs, outcome, attempt) };
  }

  async #take(
    subject: string,
    nowMs: number,
    how: 'count' | 'hold' | 'look',
    attempt = '',
  ): Promise<{ count: number; waitMs: number }> {
    const { max, windowSeconds } = this.#options;
    const now = Math.floor(nowMs);
    const times = { now, windowMs: windowSeconds * 1000, heldUntil: now + HELD_MS };
    const keys = this.#keysOf(subject);
    const maxima = keys.map((_, step) => String(max * MAX_GROWTH_PER_STEP ** step));
    const args = [...TAKE_ARGUMENTS.list({ ...times, how, attempt }), ...maxima];
    return readUsage(await runScript(this.#redis, TAKE, keys, args));
  }

  async #settle(subject: string, nowMs: number, outcome: string, attempt = ''): Promise<void> {
    const times = { now: Math.floor(nowMs), windowMs: this.#options.windowSeconds * 1000 };
    const args = SETTLE_ARGUMENTS.list({ ...times, outcome, attempt });
    await runScript(this.#redis, SETTLE, this.#keysOf(subject), args);
  }

  #keysOf(subject: string): string[] {
    const counters = this.#options.countersOf(subject);
    return counters.steps.map((step) => counterKey(this.#options.name, counters.subject, step));
  }
}

/** The reply of `TAKE`. Any other reply must not let an attempt pass. */
function readUsage(reply: unknown): { count: number; waitMs: number } {
  const [count, waitMs, ...others] = Array.isArray(reply) ? reply : [];
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(waitMs) || others.length > 0)
    throw new RedisUnavailable('a rate limiter gave a malformed reply');
  return { count, waitMs };
}

/** Whole seconds for `Retry-After`. Attempts with unknown outcomes are settled soon. */
export const secondsOf = (waitMs: number): number =>
  waitMs === 0 ? 0 : Math.max(1, Math.ceil(waitMs / 1000));

/**
 * Counts an attempt with several limiters, or with none. Returns 0, or the seconds to wait.
 * @throws {RedisUnavailable}
 */
export async function takeAll(
  limits: readonly (readonly [limiter: RateLimiter, subject: string])[],
  nowMs: number,
): Promise<number> {
  const taken: (typeof limits)[number][] = [];
  for (const limit of limits) {
    const [limiter, subject] = limit;
    const retryAfterSeconds = await limiter.take(subject, nowMs);
    if (retryAfterSeconds > 0) {
      for (const [earlier, of] of taken) await earlier.refund(of, nowMs);
      return retryAfterSeconds;
    }
    taken.push(limit);
  }
  return 0;
}
