import { countersByNetwork, type HeldAttempt, RateLimiter } from '../../redis/rate-limiter.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { foldUsername } from '../fields.ts';
import type { Device } from './device-token.ts';
import type { PasswordQueue, Rank } from './password-queue.ts';

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
  /** A device that this user has logged in from before. */
  device?: Device | undefined;
  isStaff?: boolean | undefined;
}

/** What the check of a password found. A surplus login is correct, but one too many. */
export type Verdict = 'right' | 'wrong' | 'surplus';

/** How long an attempt waits for concurrent ones that may reach the limit. As many wait as the queue lets run. */
const PATIENCE_MS = 3000;

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
   * count. @throws {RedisUnavailable}
   */
  async attempt<Outcome extends { verdict: Verdict }>(
    client: LoginClient,
    nowMs: number,
    check: () => Promise<Outcome>,
  ): Promise<Outcome | Refusal<'login_throttled' | 'password_queue_full'>> {
    const turn = await this.#turnOf(client, nowMs);
    if (turn instanceof Refusal) return turn;
    return this.#queue.run({ rank: turn.rank, address: client.address }, async () => {
      const held = await this.#hold(client, turn, nowMs);
      if (held instanceof Refusal) return held;
      try {
        const outcome = await check();
        await settle(held, outcome.verdict);
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
    const { username, address, device, isStaff = false } = client;
    if (device !== undefined) {
      const { retryAfterSeconds } = await this.#device.usage(device.id, nowMs);
      if (retryAfterSeconds === 0) return { rank: isStaff ? 'staff-device' : 'known-device', device };
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
    return (await holdAtOnce(limits, nowMs)) ?? holdInOrder(limits, nowMs);
  }
}

/** A limiter, its subject, and what a verdict does to its counters. */
type Limit = readonly [limiter: RateLimiter, subject: string, outcomes: Held['outcomes']];

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

interface Held {
  attempt: HeldAttempt;
  outcomes: Readonly<Record<Verdict, 'count' | 'release' | 'clear'>>;
}

/** What a verdict does to each counter. A surplus login has used the password threads, but guessed nothing. */
const OUTCOMES = {
  network: { right: 'release', wrong: 'count', surplus: 'count' },
  username: { right: 'clear', wrong: 'count', surplus: 'release' },
  device: { right: 'clear', wrong: 'count', surplus: 'count' },
} as const satisfies Record<string, Held['outcomes']>;

const settle = async (held: readonly Held[], verdict: Verdict): Promise<void> => {
  await Promise.all(held.map(({ attempt, outcomes }) => attempt.settle(outcomes[verdict])));
};

/** If Redis is unavailable, what is held expires. */
const release = async (held: readonly Held[]): Promise<void> => {
  await Promise.allSettled(held.map(({ attempt }) => attempt.settle('release')));
};
