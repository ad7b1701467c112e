import { createHash } from 'node:crypto';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient, RedisLink } from './connection.ts';
import { throttlePrefix } from './keys.ts';

export interface RateLimit {
  /** What is limited, for the counters' names. */
  name: string;
  times: number;
  windowSeconds: number;
}

/** Limits how often something is tried for one subject, whether or not it succeeds. Redis keeps a digest of the subject. */
export class RateLimiter {
  readonly #redis: RedisLink;
  readonly #limit: RateLimit;
  readonly #counters = new WeakMap<RedisClient, RateLimiterRedis>();

  constructor(redis: RedisLink, limit: RateLimit) {
    this.#redis = redis;
    this.#limit = limit;
  }

  /** Counts a try. The answer is 0, or how many seconds to wait when there were too many. @throws {RedisUnavailable} */
  take(subject: string): Promise<number> {
    const name = createHash('sha256').update(subject).digest('base64url');
    return this.#redis.run((client) =>
      this.#counterOf(client)
        .consume(name)
        .then(
          () => 0,
          (rejection: unknown) => {
            if (!(rejection instanceof RateLimiterRes)) throw rejection;
            return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000));
          },
        ),
    );
  }

  /** rate-limiter-flexible is bound to the client that it is given. */
  #counterOf(client: RedisClient): RateLimiterRedis {
    const known = this.#counters.get(client);
    if (known !== undefined) return known;
    const { name: act, times, windowSeconds } = this.#limit;
    const counter = new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: throttlePrefix(act),
      points: times,
      duration: windowSeconds,
    });
    this.#counters.set(client, counter);
    return counter;
  }
}
