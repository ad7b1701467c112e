import type { RedisClient } from '../client.ts';
import { askingClient } from '../cluster/asking.ts';
import { afterDeadline } from '../deadline.ts';
import { defineScript, evalScript } from '../scripts.ts';
import { aofSynced, connectBeside } from './wait-connection.ts';

/**
 * Writes to the replication stream and leaves nothing behind. `WAIT` refers to the last write of its own connection, so
 * what other connections have written before is covered by a write on this one. It begins with a deletion, because a
 * full Redis refuses a script only if its first write needs memory. KEYS: marker. Returns 1.
 */
export const WRITE_MARKER = defineScript(
  'replication-marker',
  `
requireType('string', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], '1')
redis.call('DEL', KEYS[1])
return 1
`,
);

interface Waiter {
  markerKey: string;
  /** Whether the slot of the marker is being moved to this server. */
  isAsking: boolean;
  /** By the monotonic clock. */
  untilMs: number;
  settle: (isConfirmed: boolean) => void;
}

interface ServerConfirmerOptions {
  replicas: number;
  aof: boolean;
  timeoutMs: number;
}

/**
 * Waits for the replicas of one server, on a connection of its own, which `WAIT` blocks. Writes that are made while it
 * waits share the next `WAIT`.
 */
export class ServerConfirmer {
  readonly #source: RedisClient;
  readonly #options: ServerConfirmerOptions;
  readonly #waiters = new Set<Waiter>();
  #queue: Waiter[] = [];
  #running = false;
  #connection: Promise<RedisClient> | undefined;
  #isClosed = false;
  #fault: unknown;

  /** @param source the connection that the writes are made on */
  constructor(source: RedisClient, options: ServerConfirmerOptions) {
    this.#source = source;
    this.#options = options;
  }

  get pending(): number {
    return this.#waiters.size;
  }

  /** Why the server could not be asked the last time, if it could not. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Connects in the background. */
  prepare(): void {
    this.#connected().catch(() => {});
  }

  /**
   * Whether enough servers have confirmed in time what was written before the call.
   * @param isAsking whether the slot of the marker is being moved to this server, so that `ASKING` is necessary
   */
  confirm(markerKey: string, isAsking: boolean): Promise<boolean> {
    const { timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancelTimeout = afterDeadline(timeoutMs, () => waiter.settle(false));
    const waiter: Waiter = {
      markerKey,
      isAsking,
      untilMs: performance.now() + timeoutMs,
      settle: (isConfirmed) => {
        cancelTimeout();
        this.#waiters.delete(waiter);
        resolve(isConfirmed);
      },
    };
    this.#waiters.add(waiter);
    this.#queue.push(waiter);
    void this.#run();
    return promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#disconnect();
    for (const { settle } of this.#waiters) settle(false);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#queue.length > 0) {
      const round = this.#queue.splice(0).filter((waiter) => this.#waiters.has(waiter));
      const [first] = round;
      if (first === undefined) continue;
      const isConfirmed = await this.#waitFor(first, round);
      for (const { settle } of round) settle(isConfirmed);
    }
    this.#running = false;
  }

  /** A server that gives no reply costs the connection: its later replies would belong to other commands. */
  async #waitFor(first: Waiter, round: readonly Waiter[]): Promise<boolean> {
    const untilMs = Math.max(...round.map((waiter) => waiter.untilMs));
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const graceMs = Math.max(1, untilMs - performance.now()) + REPLY_GRACE_MS;
    const cancelTimeout = afterDeadline(graceMs, () => reject(new Error('no reply to WAIT')));
    try {
      this.#fault = undefined;
      return await Promise.race([this.#askServer(first, untilMs), timeout]);
    } catch (fault) {
      this.#fault = fault;
      this.#disconnect();
      return false;
    } finally {
      cancelTimeout();
    }
  }

  async #askServer({ markerKey, isAsking }: Waiter, untilMs: number): Promise<boolean> {
    const { replicas, aof } = this.#options;
    // 0 would wait without an end.
    const leftMs = (): number => Math.max(1, Math.floor(untilMs - performance.now()));
    const client = await this.#connected();
    await evalScript(isAsking ? askingClient(client) : client, WRITE_MARKER, [markerKey], []);
    if (replicas > 0 && (await client.wait(replicas, leftMs())) < replicas) return false;
    return !aof || (await aofSynced(client, leftMs()));
  }

  #connected(): Promise<RedisClient> {
    if (this.#isClosed) return Promise.reject(new Error('closed'));
    if (this.#connection !== undefined) return this.#connection;
    const connection = connectBeside(this.#source, this.#options.timeoutMs);
    this.#connection = connection;
    connection.catch(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return connection;
  }

  /** Does not wait: a connection that is being opened may take as long as its server is silent. */
  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.then(
      (client) => client.isOpen && client.destroy(),
      () => {},
    );
  }
}

/** How long the reply may take after the time that `WAIT` was given. */
const REPLY_GRACE_MS = 200;
