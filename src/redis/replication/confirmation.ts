import type { Logger } from '../../log.ts';
import { type RedisClient, RedisUnavailable } from '../client.ts';
import { connectionOf, isAsking } from '../cluster/asking.ts';
import type { RedisStore } from '../store.ts';
import { ServerConfirmer } from './server-confirmer.ts';
import { lacksWaitAof } from './wait-connection.ts';

/** What can be required to survive the loss of a server. */
export type DurableWrite = 'revocation' | 'transfer' | 'audit_record';

/** Something was written, but too few servers have confirmed in time that they have it. Repeating it is safe. */
export class NotDurable extends RedisUnavailable {
  override readonly name = 'NotDurable';
  readonly what: DurableWrite;

  constructor(what: DurableWrite) {
    super(`too few servers have confirmed in time: ${what}`);
    this.what = what;
  }
}

export interface ConfirmationSettings {
  /** How many replicas have to have a write (`WAIT`). 0 waits for none. */
  replicas: number;
  /** Whether the primary has to have it in its append-only file, synced to disk (`WAITAOF`). */
  aof: boolean;
  /** How long to wait. */
  timeoutMs: number;
}

interface ConfirmationOptions extends ConfirmationSettings {
  what: DurableWrite;
  log: Logger;
}

/** Waits until enough servers have what was written. Each primary gets one more connection for it. */
export class ReplicaConfirmation {
  readonly #options: ConfirmationOptions;
  /** By the connection that the writes are made on. */
  readonly #confirmers = new Map<RedisClient, ServerConfirmer>();

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /** How many writes are waited for. */
  get pending(): number {
    return [...this.#confirmers.values()].reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Opens the connection for the confirmations of this server in the background, so that the first need not wait. */
  prepare(client: RedisClient): void {
    if (!this.#isOn) return;
    this.#confirmerOf(client).prepare();
    if (this.#options.aof) void this.#warnWithoutWaitAof(client);
  }

  /**
   * Resolves when enough servers have everything that was written on this connection.
   * @param client what the writes were made with, which sends `ASKING` if their slot is being moved to this server
   * @param markerKey a key in the slot of what was written
   * @throws {NotDurable}
   */
  async confirm(client: RedisClient, markerKey: string): Promise<void> {
    if (!this.#isOn) return;
    const { what, log } = this.#options;
    const confirmer = this.#confirmerOf(client);
    if (await confirmer.confirm(markerKey, isAsking(client))) return;
    log.error(
      { event: 'not_durable', what, err: confirmer.fault },
      'too few servers have confirmed a write in time',
    );
    throw new NotDurable(what);
  }

  /**
   * Does some work that writes in the slot of `markerKey`. `confirmed` resolves when enough servers have what was written,
   * and rejects with {@link NotDurable}.
   */
  async write<T>(
    redis: RedisStore,
    markerKey: string,
    work: () => Promise<T>,
  ): Promise<{ result: T; confirmed: Promise<void> }> {
    if (!this.#isOn) return { result: await work(), confirmed: Promise.resolve() };
    const current = () => redis.runFor(markerKey, async (client) => ({ client }));
    const before = await current();
    const result = await work();
    const confirmed = (async () => {
      const { client } = await current();
      // After a failover the work may have been done at either server.
      if (connectionOf(client) !== connectionOf(before.client)) throw new NotDurable(this.#options.what);
      await this.confirm(client, markerKey);
    })();
    confirmed.catch(() => {});
    return { result, confirmed };
  }

  close(): void {
    for (const confirmer of this.#confirmers.values()) confirmer.close();
  }

  get #isOn(): boolean {
    return this.#options.replicas > 0 || this.#options.aof;
  }

  async #warnWithoutWaitAof(client: RedisClient): Promise<void> {
    const { what, log } = this.#options;
    if (await lacksWaitAof(client).catch(() => false))
      log.warn({ event: 'waitaof_unknown', what }, 'Redis has no WAITAOF: set appendfsync to always instead');
  }

  #confirmerOf(client: RedisClient): ServerConfirmer {
    const connection = connectionOf(client);
    const known = this.#confirmers.get(connection);
    if (known !== undefined) return known;
    for (const [former, confirmer] of this.#confirmers) {
      if (former.isOpen) continue;
      confirmer.close();
      this.#confirmers.delete(former);
    }
    const confirmer = new ServerConfirmer(connection, this.#options);
    this.#confirmers.set(connection, confirmer);
    return confirmer;
  }
}
