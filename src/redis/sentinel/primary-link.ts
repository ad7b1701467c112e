import { setTimeout as delay } from 'node:timers/promises';
import { type RedisClient, RedisUnavailable } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import type { RedisCommand, ServerLink } from '../store.ts';
import { type PrimaryLocator, UNCONFIRMED } from './locator.ts';
import type { Primary } from './majority.ts';

const POLL_MS = 10;

export interface PrimaryLinkOptions {
  /** Closed with the link. */
  locator: PrimaryLocator;
  /** Connects to a server. */
  connectTo: (address: string) => RedisLink;
  /**
   * Whether the primary is used only while it is confirmed, and a new one only after a lease, when no other process uses
   * the former one any more. Messages do not depend on that.
   */
  isLeased: boolean;
}

/** The primary that was named last. */
interface Followed {
  primary: Primary;
  link: RedisLink;
  fromMs: number;
  client?: RedisClient;
}

/**
 * A connection to the primary that the Sentinels name, with the promises of `RedisLink`. When they name another one, the
 * connection is dropped at once. A leased one rejects every command while a majority of them does not confirm it.
 */
export class PrimaryLink implements ServerLink {
  readonly #options: PrimaryLinkOptions;
  readonly #onReady = new Set<(client: RedisClient) => void>();
  #followed: Followed | undefined;
  #isClosed = false;

  constructor(options: PrimaryLinkOptions) {
    this.#options = options;
    options.locator.onPrimary((primary) => this.#follow(primary));
  }

  get ready(): boolean {
    return this.#usable()?.ready === true;
  }

  /** @throws {RedisUnavailable} as `RedisLink.run` does, and at once without a confirmed primary */
  run<T>(command: RedisCommand<T>): Promise<T> {
    const link = this.#usable();
    return link === undefined ? Promise.reject(new RedisUnavailable(UNCONFIRMED)) : link.run(command);
  }

  /** The primary holds all keys. @throws {RedisUnavailable} */
  runFor<T>(_key: string, command: RedisCommand<T>): Promise<T> {
    return this.run(command);
  }

  /** @throws {RedisUnavailable} */
  publish(channel: string, message: string): Promise<number> {
    return this.run((client) => client.publish(channel, message));
  }

  /** @throws {RedisUnavailable} */
  async ping(): Promise<void> {
    const link = this.#usable();
    if (link === undefined) throw new RedisUnavailable(UNCONFIRMED);
    await link.ping();
  }

  /** Calls `listener` with each connection that becomes usable, and with the current one if there is one. */
  onReady(listener: (client: RedisClient) => void): void {
    this.#onReady.add(listener);
    const client = this.#followed?.client;
    if (client?.isReady === true && this.ready) listener(client);
  }

  /** `waitMs` does not include the wait for a new primary. @throws {RedisUnavailable} */
  async whenReady(waitMs: number): Promise<void> {
    const deadlineMs = performance.now() + waitMs + this.#waitMs;
    while (!this.ready) {
      if (this.#isClosed) throw new RedisUnavailable('the connection to Redis was closed');
      if (performance.now() > deadlineMs) return this.#followed?.link.whenReady(0) ?? noPrimary(waitMs);
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#options.locator.close();
    this.#followed?.link.close();
    this.#followed = undefined;
  }

  get #waitMs(): number {
    return this.#options.isLeased ? this.#options.locator.leaseMs : 0;
  }

  #usable(): RedisLink | undefined {
    const { locator, isLeased } = this.#options;
    const followed = this.#followed;
    if (followed === undefined || performance.now() < followed.fromMs) return undefined;
    return !isLeased || locator.isConfirmed(followed.primary) ? followed.link : undefined;
  }

  /** Connects at once, so that a new connection is admitted while it has to wait. */
  #follow(primary: Primary): void {
    this.#followed?.link.close();
    const link = this.#options.connectTo(primary.address);
    const followed: Followed = { primary, link, fromMs: performance.now() + this.#waitMs };
    this.#followed = followed;
    link.onReady((client) => {
      const waitMs = Math.max(0, Math.ceil(followed.fromMs - performance.now()) + 1);
      setTimeout(() => this.#announce(followed, client), waitMs).unref();
    });
  }

  #announce(followed: Followed, client: RedisClient): void {
    if (this.#followed !== followed || !client.isReady) return;
    followed.client = client;
    for (const listener of this.#onReady) listener(client);
  }
}

const noPrimary = (waitMs: number): never => {
  throw new RedisUnavailable(`no connection to Redis within ${waitMs} ms: ${UNCONFIRMED}`);
};
