import { countersByNetwork, RateLimiter } from '../../redis/rate-limiter.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { foldUsername } from '../fields.ts';
import type { Device } from './device-token.ts';
import { type Held, hold, type Limit, release, settle, type Verdict } from './held-attempts.ts';
import type { PasswordQueue, Rank } from './password-queue.ts';

export type { Verdict };

export interface LoginLimits {
  failuresPerUsername: number;
  failuresPerDevice: number;
  failuresPerAddress: number;
  windowSeconds: number;
}

/** Who tries to log in. */
export interface LoginClient {
  /** As typed. */
  username: string;
  address: string;
  /** A device that presents its token. */
  device?: Device | undefined;
  /** Whether that is one of a user with this username, and whether they are staff. It is awaited only if a device is given. */
  owner?: (() => Promise<DeviceOwner>) | undefined;
}

export interface DeviceOwner {
  isKnown: boolean;
  isStaff: boolean;
}

interface Turn {
  rank: Rank;
  /** The device that failures are counted for. */
  device?: Device;
}

/**
 * Limits failed logins. Failures of a known device are counted for that device only, so that nobody else can lock it
 * out. All other failures are counted for the username and for the networks of the client. Usernames are stored as
 * digests, because people type passwords into the username field.
 *
 * An attempt is held until its outcome is known and counted if it failed, so that concurrent attempts cannot exceed
 * the limits, correct ones use up nothing, and a fault costs nobody an attempt.
 */
export class LoginLimiter {
  readonly #username: RateLimiter;
  readonly #network: RateLimiter;
  readonly #device: RateLimiter;
  readonly #queue: PasswordQueue;

  constructor(redis: RedisStore, limits: LoginLimits, queue: PasswordQueue) {
    const { failuresPerUsername, failuresPerDevice, failuresPerAddress, windowSeconds } = limits;
    this.#username = new RateLimiter(redis, { name: 'username', max: failuresPerUsername, windowSeconds });
    this.#device = new RateLimiter(redis, { name: 'device', max: failuresPerDevice, windowSeconds });
    const byNetwork = { max: failuresPerAddress, windowSeconds, countersOf: countersByNetwork };
    this.#network = new RateLimiter(redis, { name: 'address', ...byNetwork });
    this.#queue = queue;
  }

  /**
   * Runs a check when it is the client's turn, unless a limit is reached. If the check throws, the attempt does not
   * count. `record` is run with the outcome of the check while the counters are settled, so that both take one wait for
   * Redis. @throws {RedisUnavailable}
   */
  async attempt<Outcome extends { verdict: Verdict }>(
    client: LoginClient,
    nowMs: number,
    check: () => Promise<Outcome>,
    record: (outcome: Outcome) => Promise<void> = async () => {},
  ): Promise<Outcome | Refusal<'login_throttled' | 'password_queue_full'>> {
    const turn = await this.#turnOf(client, nowMs);
    if (turn instanceof Refusal) return turn;
    return this.#queue.run({ rank: turn.rank, address: client.address }, async () => {
      const held = await this.#hold(client, turn, nowMs);
      if (held instanceof Refusal) return held;
      try {
        const outcome = await check();
        await Promise.all([settle(held, outcome.verdict), record(outcome)]);
        return outcome;
      } catch (fault) {
        await release(held);
        throw fault;
      }
    });
  }

  /** Lets strangers try again for this username, after its password has been reset. @throws {RedisUnavailable} */
  clearUsername(username: string, nowMs: number): Promise<void> {
    return this.#username.clear(foldUsername(username), nowMs);
  }

  /** A device that has failed too often is a stranger. */
  async #turnOf(client: LoginClient, nowMs: number): Promise<Turn | Refusal<'login_throttled'>> {
    const { username, address, device, owner } = client;
    if (device !== undefined && owner !== undefined) {
      const [usage, { isKnown, isStaff }] = await Promise.all([
        this.#device.usage(device.id, nowMs),
        owner(),
      ]);
      if (isKnown && usage.retryAfterSeconds === 0)
        return { rank: isStaff ? 'staff-device' : 'known-device', device };
    }
    const usages = [
      this.#network.usage(address, nowMs),
      this.#username.usage(foldUsername(username), nowMs),
    ] as const;
    const [byNetwork, byUsername] = await Promise.all(usages);
    const retryAfterSeconds = Math.max(byNetwork.retryAfterSeconds, byUsername.retryAfterSeconds);
    if (retryAfterSeconds > 0) return new Refusal('login_throttled', { retryAfterSeconds });
    return { rank: byNetwork.count > 0 ? 'failed-before' : 'stranger' };
  }

  async #hold(
    { username, address }: LoginClient,
    { device }: Turn,
    nowMs: number,
  ): Promise<Held[] | Refusal<'login_throttled'>> {
    const limits: readonly Limit[] =
      device === undefined
        ? [
            [this.#network, address, OUTCOMES.network],
            [this.#username, foldUsername(username), OUTCOMES.username],
          ]
        : [[this.#device, device.id, OUTCOMES.device]];
    return hold(limits, nowMs);
  }
}

/** What a verdict does to each counter. A surplus login has used the password threads, but guessed nothing. */
const OUTCOMES = {
  network: { right: 'release', wrong: 'count', surplus: 'count' },
  username: { right: 'clear', wrong: 'count', surplus: 'release' },
  device: { right: 'clear', wrong: 'count', surplus: 'count' },
} as const satisfies Record<string, Held['outcomes']>;
