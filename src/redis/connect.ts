import { createClient } from 'redis';
import type { Logger } from '../log.ts';

const CONNECT_RETRY_FIRST_MS = 20;
const CONNECT_RETRY_MOST_MS = 250;

/** One warning for each outage, when it is more than a blink. */
const FAILURES_BEFORE_WARNING = 4;

/** A Redis reply that says the server, not the command, is at fault, and that another connection may do better. */
const REPLY_OF_A_DEMOTED_SERVER = /^(READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|NOAUTH|UNBLOCKED)\b/;

export type RedisClient = ReturnType<typeof clientFor>;

/**
 * Redis could not be asked, or did not answer usably within the deadline. Never the client's fault: whoever
 * meets it answers 503 and lets nobody in.
 */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable';
  override readonly name = 'RedisUnavailable';
}

export interface RedisLinkOptions {
  /** `redis://`, `rediss://`, or `unix:///path/to.sock`. */
  url: string;
  /** How long one command, script or transaction may take, and how long a connection may take to be made. */
  deadlineMs: number;
  log: Logger;
}

/**
 * One connection to Redis that is always either usable or being made anew.
 *
 * node-redis's own reconnecting, offline queue and command timeout are all off: a frozen server must cost a
 * request no more than the deadline, and a connection that has once missed it can't be trusted to pair later
 * replies with later commands. Whatever goes wrong, the connection is dropped and another is made.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: RedisClient | undefined;
  #closed = false;
  #retryMs = CONNECT_RETRY_FIRST_MS;
  #failuresInARow = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #onReady = new Set<(client: RedisClient) => void>();

  /** Opens the link and starts connecting; it does not wait. Use `whenReady` where waiting is wanted. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  get ready(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Runs one command, script or transaction, and resolves to its reply.
   *
   * @throws {RedisUnavailable} at once when there is no connection; after `deadlineMs` when no reply came; and
   * for every error reply (`-LOADING`, `-READONLY`, `-OOM` …): the gate treats them all as "can't be asked".
   */
  run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === undefined) return Promise.reject(new RedisUnavailable('there is no connection to Redis'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#drop(client, 'a command missed its deadline');
        reject(new RedisUnavailable(`Redis gave no reply within ${this.#options.deadlineMs} ms`));
      }, this.#options.deadlineMs);
      command(client).then(
        (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        (fault) => {
          clearTimeout(timer);
          if (REPLY_OF_A_DEMOTED_SERVER.test(String(fault?.message)))
            this.#drop(client, 'the server is demoted');
          reject(new RedisUnavailable('Redis did not carry out a command', { cause: fault }));
        },
      );
    });
  }

  /** Calls `listener` with each new connection as it becomes usable, and with the present one if there is one. */
  onReady(listener: (client: RedisClient) => void): void {
    this.#onReady.add(listener);
    if (this.#client !== undefined) listener(this.#client);
  }

  /**
   * Resolves when a connection is usable.
   * @throws {RedisUnavailable} when none is within `waitMs`.
   */
  whenReady(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = (): void => {
        clearTimeout(timer);
        queueMicrotask(() => this.#onReady.delete(listener));
        resolve();
      };
      const timer = setTimeout(() => {
        this.#onReady.delete(listener);
        reject(new RedisUnavailable(`no connection to Redis within ${waitMs} ms`));
      }, waitMs);
      this.onReady(listener);
    });
  }

  /** Ends the connection and stops making new ones. Commands under way are rejected. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    const client = this.#client;
    this.#client = undefined;
    if (client?.isOpen) client.destroy();
  }

  async #connect(): Promise<void> {
    const client = clientFor(this.#options.url, this.#options.deadlineMs);
    client.on('error', (fault: Error) => this.#drop(client, fault.message));
    client.on('end', () => this.#drop(client, 'the connection ended'));
    try {
      await withinDeadline(client.connect(), this.#options.deadlineMs);
    } catch (fault) {
      if (client.isOpen) client.destroy();
      this.#retryLater(fault instanceof Error ? fault.message : 'unknown');
      return;
    }
    this.#adopt(client);
  }

  #adopt(client: RedisClient): void {
    if (this.#closed || !client.isReady) {
      if (client.isOpen) client.destroy();
      if (!this.#closed) this.#retryLater('the connection ended while it was made');
      return;
    }
    this.#retryMs = CONNECT_RETRY_FIRST_MS;
    this.#failuresInARow = 0;
    this.#client = client;
    this.#options.log.info({ event: 'redis_connected' }, 'connected to Redis');
    for (const listener of this.#onReady) listener(client);
  }

  #drop(client: RedisClient, why: string): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    if (client.isOpen) client.destroy();
    this.#options.log.error({ event: 'redis_lost', why }, 'lost the connection to Redis');
    this.#retryLater(why);
  }

  #retryLater(why: string): void {
    if (this.#closed) return;
    this.#failuresInARow += 1;
    if (this.#failuresInARow === FAILURES_BEFORE_WARNING) {
      this.#options.log.warn({ event: 'redis_unreachable', why }, 'Redis is not reachable; trying on');
    }
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, CONNECT_RETRY_MOST_MS);
  }
}

function clientFor(url: string, connectTimeout: number) {
  const common = { connectTimeout, reconnectStrategy: false as const };
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
  return createClient({
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    ...(path === undefined ? { url, socket: common } : { socket: { path, tls: false as const, ...common } }),
  });
}

function withinDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not connected within ${deadlineMs} ms`)), deadlineMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
