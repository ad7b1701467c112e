import { clientFor, connectWithin, type LinkOptions, type RedisClient, RedisUnavailable } from './client.ts';
import { isServerFault, loginFault, logReplaced, logUnreachable } from './login-fault.ts';
import { measureCommand, redisCommands, unconnected } from './metrics/commands.ts';
import { RetiredClients } from './retired-clients.ts';
import { connectionFault } from './server/connection-fault.ts';
import type { RedisCommand, RevocationSink, ServerLink } from './store.ts';

export { type RedisClient, RedisUnavailable };

const MIN_CONNECT_RETRY_MS = 20;
const MAX_CONNECT_RETRY_MS = 250;
/** An outage is logged once, after this many failed attempts. */
const FAILURES_BEFORE_WARNING = 4;

/**
 * One connection to Redis that reconnects after every failure.
 *
 * The reconnecting, offline queue and command timeout of node-redis are off: a hung server must delay a request by no
 * more than the deadline, and after a missed deadline replies could be matched to the wrong commands. So after any failure
 * a new connection replaces the old one. A connection on which replies to other commands keep arriving is kept, because
 * then this process is behind. One to a replica is kept until the first attempt to replace it has succeeded or failed.
 */
export class RedisLink implements ServerLink {
  revocations?: RevocationSink;
  readonly #options: LinkOptions;
  #client: RedisClient | undefined;
  #closed = false;
  #retryMs = MIN_CONNECT_RETRY_MS;
  #failuresInARow = 0;
  #why: string | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #replacing = false;
  #repliedAtMs = 0;
  readonly #retired: RetiredClients;
  readonly #onReady = new Set<(client: RedisClient) => void>();

  /** Starts connecting and returns without waiting. Use `whenReady` to wait. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#retired = new RetiredClients(options.deadlineMs);
    void this.#connect();
  }

  get ready(): boolean {
    return this.#client !== undefined;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Runs one command, script or transaction, and resolves to its reply.
   * @throws {RedisUnavailable} at once without a connection, at the deadline, and for every error reply (`-OOM` …)
   */
  run<T>(command: RedisCommand<T>): Promise<T> {
    const client = this.#client;
    const { deadlineMs } = this.#options;
    if (client === undefined) return Promise.reject(unconnected());
    return new Promise((resolve, reject) => {
      const settle = measureCommand(deadlineMs, () => {
        if (performance.now() - this.#repliedAtMs > deadlineMs / 2)
          this.#drop(client, 'a command missed its deadline');
        reject(new RedisUnavailable(`Redis gave no reply within ${deadlineMs} ms`));
      });
      Promise.try(command, client).then(
        (reply) => {
          this.#repliedAtMs = performance.now();
          settle('ok');
          resolve(reply);
        },
        (fault) => {
          settle('error');
          if (isServerFault(fault)) this.#replace(client, fault);
          reject(new RedisUnavailable(loginFault(fault) ?? 'a Redis command failed', { cause: fault }));
        },
      );
    });
  }

  /** The server holds all keys. @throws {RedisUnavailable} */
  runFor<T>(_key: string, command: RedisCommand<T>): Promise<T> {
    return this.run(command);
  }

  /** @throws {RedisUnavailable} */
  publish(channel: string, message: string): Promise<number> {
    return this.run((client) => client.publish(channel, message));
  }

  /** @throws {RedisUnavailable} */
  async ping(): Promise<void> {
    const reply = await this.run((client) => client.ping());
    if (reply !== 'PONG') throw new RedisUnavailable('Redis gave another reply than PONG to PING');
  }

  /** Calls `listener` with each connection that becomes usable, and with the current one if there is one. */
  onReady(listener: (client: RedisClient) => void): void {
    this.#onReady.add(listener);
    if (this.#client !== undefined) listener(this.#client);
  }

  /** Resolves when a connection is usable. @throws {RedisUnavailable} when there is none within `waitMs`. */
  async whenReady(waitMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const listener = (): void => resolve();
    const timer = setTimeout(() => {
      reject(new RedisUnavailable(`no connection to Redis within ${waitMs} ms: ${this.#why ?? 'no reply'}`));
    }, waitMs);
    this.onReady(listener);
    await promise.finally(() => {
      clearTimeout(timer);
      this.#onReady.delete(listener);
    });
  }

  /** Closes the connection for good. Pending commands are rejected. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    if (this.#client !== undefined) this.#retired.add(this.#client);
    this.#client = undefined;
    this.#retired.close();
  }

  /** @param former the connection to replace, which is not used any more if that fails: its data may be out of date */
  async #connect(former?: RedisClient): Promise<void> {
    const client = clientFor(this.#options);
    client.on('error', (fault: Error) => this.#drop(client, fault.message));
    client.on('end', () => this.#drop(client, 'the connection ended'));
    try {
      await connectWithin(client, this.#options);
    } catch (fault) {
      const { message } = connectionFault(fault);
      return former === undefined ? this.#retryLater(message) : this.#drop(former, message);
    }
    this.#adopt(client);
  }

  #adopt(client: RedisClient): void {
    if (this.#client !== undefined) this.#retired.add(this.#client);
    clearTimeout(this.#retryTimer);
    if (this.#closed) return void client.destroy();
    this.#retryMs = MIN_CONNECT_RETRY_MS;
    this.#failuresInARow = 0;
    this.#client = client;
    redisCommands.connections.add('connected');
    this.#options.log.info({ event: 'redis_connected' }, 'connected to Redis');
    for (const listener of this.#onReady) listener(client);
  }

  /** Connects again, because the address may now lead to another server. The current connection is used meanwhile. */
  #replace(client: RedisClient, fault: unknown): void {
    if (client !== this.#client || this.#replacing) return;
    this.#replacing = true;
    logReplaced(this.#options.log, fault);
    const done = (): void => {
      this.#replacing = false;
    };
    void this.#connect(client).finally(() => setTimeout(done, MAX_CONNECT_RETRY_MS).unref());
  }

  #drop(client: RedisClient, why: string): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    if (client.isOpen) client.destroy();
    redisCommands.connections.add('lost');
    this.#options.log.error({ event: 'redis_lost', why }, 'lost the connection to Redis');
    this.#retryLater(why);
  }

  #retryLater(why: string): void {
    if (this.#closed || this.#client !== undefined) return;
    this.#failuresInARow += 1;
    this.#why = why;
    if (this.#failuresInARow === FAILURES_BEFORE_WARNING) logUnreachable(this.#options.log, why);
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_CONNECT_RETRY_MS);
  }
}
