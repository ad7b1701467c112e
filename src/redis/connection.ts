import type { Logger } from '../log.ts';
import { afterDeadline, clientFor, connectWithin, type RedisClient, RedisUnavailable } from './client.ts';

export { type RedisClient, RedisUnavailable };

const CONNECT_RETRY_FIRST_MS = 20;
const MAX_CONNECT_RETRY_MS = 250;

/** One warning for each outage, when it is more than a blink. */
const FAILURES_BEFORE_WARNING = 4;

/** A Redis reply that says the server, not the command, is at fault, and that another connection may do better. */
const REPLY_OF_A_DEMOTED_SERVER = /^(READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|NOAUTH|UNBLOCKED)\b/;

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
 * replies with later commands. Whatever goes wrong, the connection is dropped and another is made. Only a server
 * that was made a replica is used on, for reading, until a better one is found at its address.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: RedisClient | undefined;
  #closed = false;
  #retryMs = CONNECT_RETRY_FIRST_MS;
  #failuresInARow = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #replacing = false;
  readonly #retired = new Set<RedisClient>();
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
      const callOff = afterDeadline(this.#options.deadlineMs, () => {
        this.#drop(client, 'a command missed its deadline');
        reject(new RedisUnavailable(`Redis gave no reply within ${this.#options.deadlineMs} ms`));
      });
      Promise.try(command, client).then(
        (reply) => {
          callOff();
          resolve(reply);
        },
        (fault) => {
          callOff();
          if (REPLY_OF_A_DEMOTED_SERVER.test(String(fault?.message))) this.#replace(client);
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
  async whenReady(waitMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const listener = (): void => resolve();
    const missed = (): void => reject(new RedisUnavailable(`no connection to Redis within ${waitMs} ms`));
    const timer = setTimeout(missed, waitMs);
    this.onReady(listener);
    await promise.finally(() => {
      clearTimeout(timer);
      this.#onReady.delete(listener);
    });
  }

  /** Ends the connection and stops making new ones. Commands under way are rejected. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    if (this.#client !== undefined) this.#retired.add(this.#client);
    this.#client = undefined;
    for (const client of this.#retired) client.destroy();
  }

  async #connect(): Promise<void> {
    const client = clientFor(this.#options.url, this.#options.deadlineMs);
    client.on('error', (fault: Error) => this.#drop(client, fault.message));
    client.on('end', () => this.#drop(client, 'the connection ended'));
    try {
      await connectWithin(client, this.#options.deadlineMs);
    } catch (fault) {
      this.#retryLater(fault instanceof Error ? fault.message : 'unknown');
      return;
    }
    this.#adopt(client);
  }

  #adopt(client: RedisClient): void {
    if (this.#client !== undefined) this.#retire(this.#client);
    clearTimeout(this.#retryTimer);
    if (this.#closed) {
      client.destroy();
      return;
    }
    this.#retryMs = CONNECT_RETRY_FIRST_MS;
    this.#failuresInARow = 0;
    this.#client = client;
    this.#options.log.info({ event: 'redis_connected' }, 'connected to Redis');
    for (const listener of this.#onReady) listener(client);
  }

  /** Connects to whatever server the address now leads to, and goes on with the present one until then. */
  #replace(client: RedisClient): void {
    if (client !== this.#client || this.#replacing) return;
    this.#replacing = true;
    this.#options.log.error({ event: 'redis_demoted' }, 'Redis has become a replica; looking for another');
    const done = (): void => {
      this.#replacing = false;
    };
    void this.#connect().finally(() => setTimeout(done, MAX_CONNECT_RETRY_MS).unref());
  }

  /** Lets a connection that is no longer used end what it is still at. */
  #retire(client: RedisClient): void {
    this.#retired.add(client);
    const end = (): void => {
      this.#retired.delete(client);
      client.destroy();
    };
    setTimeout(end, this.#options.deadlineMs).unref();
  }

  #drop(client: RedisClient, why: string): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    if (client.isOpen) client.destroy();
    this.#options.log.error({ event: 'redis_lost', why }, 'lost the connection to Redis');
    this.#retryLater(why);
  }

  #retryLater(why: string): void {
    if (this.#closed || this.#client !== undefined) return;
    this.#failuresInARow += 1;
    if (this.#failuresInARow === FAILURES_BEFORE_WARNING) {
      this.#options.log.warn({ event: 'redis_unreachable', why }, 'Redis is not reachable; trying on');
    }
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_CONNECT_RETRY_MS);
  }
}
