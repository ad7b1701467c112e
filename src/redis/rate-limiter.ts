import { createHash } from 'node:crypto';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient, RedisLink } from './connection.ts';
import { throttlePrefix } from './keys.ts';

interface RateLimitOptions {
  /** Part of the counters' keys. */
  name: string;
  max: number;
  windowSeconds: number;
  /** The rest of a counter's key. By default a digest of the subject, which may be what a client typed. */
  keyOf?: (subject: string) => string;
}

/** Limits how often something is attempted for each subject. The counters are in Redis. */
export class RateLimiter {
  readonly #redis: RedisLink;
  readonly #options: RateLimitOptions;
  readonly #keyOf: (subject: string) => string;
  /** By connection, because rate-limiter-flexible is bound to a client. */
  readonly #counters = new WeakMap<RedisClient, RateLimiterRedis>();

  constructor(redis: RedisLink, options: RateLimitOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#keyOf = options.keyOf ?? digest;
  }

  /** Counts an attempt. Returns 0, or the seconds to wait if the limit is exceeded. @throws {RedisUnavailable} */
  take(subject: string): Promise<number> {
    return this.#redis.run((client) =>
      this.#counter(client)
        .consume(this.#keyOf(subject))
        .then(
          () => 0,
          (rejection: unknown) => {
            if (!(rejection instanceof RateLimiterRes)) throw rejection;
            return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000));
          },
        ),
    );
  }

  /** Takes back one attempt. @throws {RedisUnavailable} */
  async refund(subject: string): Promise<void> {
    await this.#redis.run((client) => this.#counter(client).reward(this.#keyOf(subject)));
  }

  /** Takes back all attempts. @throws {RedisUnavailable} */
  async reset(subject: string): Promise<void> {
    await this.#redis.run((client) => this.#counter(client).delete(this.#keyOf(subject)));
  }

  #counter(client: RedisClient): RateLimiterRedis {
    const existing = this.#counters.get(client);
    if (existing !== undefined) return existing;
    const counter = new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: throttlePrefix(this.#options.name),
      points: this.#options.max,
      duration: this.#options.windowSeconds,
    });
    this.#counters.set(client, counter);
    return counter;
  }
}

const digest = (subject: string): string => createHash('sha256').update(subject).digest('base64url');
