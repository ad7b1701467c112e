import { createHash } from 'node:crypto';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../http/addresses.ts';
import type { RedisClient, RedisLink } from '../redis/connection.ts';
import { throttlePrefix } from '../redis/keys.ts';
import { foldUsername } from './fields.ts';

export interface LoginLimits {
  failuresPerUsername: number;
  failuresPerAddress: number;
  windowSeconds: number;
}

/** The counters of one connection; rate-limiter-flexible is bound to the client that it is given. */
interface Counters {
  username: RateLimiterRedis;
  address: RateLimiterRedis;
}

/**
 * Limits failed log-ins for each user name and each address.
 *
 * A try is counted before its password is checked and given back when it was right: of any number of tries at
 * the same time no more than the limit is ever checked. What is stored is a digest, because people type their
 * passwords into the field for the name.
 */
export class LoginLimiter {
  readonly #redis: RedisLink;
  readonly #limits: LoginLimits;
  readonly #prefix: string;
  readonly #counters = new WeakMap<RedisClient, Counters>();

  /** `prefix` keeps the counters of other things that log in apart, such as `client-`. */
  constructor(redis: RedisLink, limits: LoginLimits, prefix = '') {
    this.#redis = redis;
    this.#limits = limits;
    this.#prefix = prefix;
  }

  /** Counts a try. The answer is 0, or how many seconds to wait when there were too many. @throws {RedisUnavailable} */
  async take(username: string, address: string): Promise<number> {
    const byAddress = await this.#count((counters) => counters.address.consume(networkOf(address)));
    if (byAddress > 0) return byAddress;
    return this.#count((counters) => counters.username.consume(digestOf(username)));
  }

  /** The password was right: the name starts afresh, and the address gets this try back. @throws {RedisUnavailable} */
  async succeeded(username: string, address: string): Promise<void> {
    await this.#redis.run((client) => this.#countersOf(client).username.delete(digestOf(username)));
    await this.#redis.run((client) => this.#countersOf(client).address.reward(networkOf(address)));
  }

  /** The password was not checked at all: the try didn't happen. @throws {RedisUnavailable} */
  async giveBack(username: string, address: string): Promise<void> {
    await this.#redis.run((client) => this.#countersOf(client).username.reward(digestOf(username)));
    await this.#redis.run((client) => this.#countersOf(client).address.reward(networkOf(address)));
  }

  #count(consume: (counters: Counters) => Promise<RateLimiterRes>): Promise<number> {
    return this.#redis.run((client) =>
      consume(this.#countersOf(client)).then(
        () => 0,
        (rejection: unknown) => {
          if (!(rejection instanceof RateLimiterRes)) throw rejection;
          return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000));
        },
      ),
    );
  }

  #countersOf(client: RedisClient): Counters {
    const known = this.#counters.get(client);
    if (known !== undefined) return known;
    const counters = {
      username: this.#limiter(client, 'username', this.#limits.failuresPerUsername),
      address: this.#limiter(client, 'address', this.#limits.failuresPerAddress),
    };
    this.#counters.set(client, counters);
    return counters;
  }

  #limiter(client: RedisClient, what: string, points: number): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: throttlePrefix(this.#prefix + what),
      points,
      duration: this.#limits.windowSeconds,
    });
  }
}

const digestOf = (username: string): string =>
  createHash('sha256').update(foldUsername(username)).digest('base64url');
