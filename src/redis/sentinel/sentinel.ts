import { z } from 'zod';
import type { Logger } from '../../log.ts';
import type { RedisClient } from '../client.ts';
import { RedisLink } from '../connection.ts';
import type { RedisTls } from '../server/tls.ts';
import type { Statement } from './majority.ts';

export interface SentinelOptions {
  /** With the credentials for the Sentinel. */
  url: string;
  /** The name of the primary. */
  name: string;
  deadlineMs: number;
  log: Logger;
  /** For `rediss://`. */
  tls?: RedisTls | undefined;
  /** Called after each statement. */
  onStatement: () => void;
}

/**
 * One Sentinel, on a connection of its own. It is asked for the primary, and asked again as soon as it announces a
 * failover.
 */
export class Sentinel {
  /** What it said last. Not set before its first reply, nor if it names no primary. */
  statement: Statement | undefined;
  readonly #name: string;
  readonly #link: RedisLink;
  readonly #onStatement: () => void;
  #id = '';
  #isAsking = false;
  #askAgain = false;

  constructor({ url, name, deadlineMs, log, tls, onStatement }: SentinelOptions) {
    this.#name = name;
    this.#onStatement = onStatement;
    const admit = async (client: RedisClient): Promise<void> => {
      this.#id = z
        .string()
        .min(1)
        .parse(await client.sendCommand(['SENTINEL', 'MYID']));
    };
    this.#link = new RedisLink({ url, deadlineMs, log: sentinelLog(log, url), tls, admit, protocol: 3 });
    this.#link.onReady(() => void this.#listen());
  }

  /** Asks for the primary, unless the reply to an earlier question is still awaited. */
  async ask(): Promise<void> {
    if (!this.#link.ready || this.#isAsking) return;
    this.#isAsking = true;
    const askedAtMs = performance.now();
    try {
      this.statement = await this.#link.run((client) => this.#statementOf(client, askedAtMs));
      this.#onStatement();
    } catch {
      // The link drops a connection that gives no reply. What was said before counts until its lease ends.
    } finally {
      this.#isAsking = false;
    }
    if (this.#askAgain) {
      this.#askAgain = false;
      await this.ask();
    }
  }

  close(): void {
    this.#link.close();
  }

  async #listen(): Promise<void> {
    const onSwitch = (): void => {
      this.#askAgain = this.#isAsking;
      void this.ask();
    };
    void this.ask();
    await this.#link.run((client) => client.subscribe('+switch-master', onSwitch)).catch(() => undefined);
  }

  /** During a failover, the address is that of the promoted replica before `SENTINEL MASTER` shows it. */
  async #statementOf(client: RedisClient, askedAtMs: number): Promise<Statement | undefined> {
    const [address, state] = await Promise.all([
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#name]),
      client.sendCommand(['SENTINEL', 'MASTER', this.#name]).catch(() => undefined),
    ]);
    const named = addressSchema.safeParse(address);
    const known = stateSchema.safeParse(state);
    if (!named.success || !known.success) return undefined;
    return {
      sentinel: this.#id,
      address: named.data,
      epoch: known.data['config-epoch'],
      askedAtMs,
    };
  }
}

const addressSchema = z
  .tuple([z.string().min(1), z.string().regex(/^\d+$/)])
  .transform(([host, port]) => `${host.includes(':') ? `[${host}]` : host}:${port}`);

/** A map in RESP 3. */
const stateSchema = z.object({ 'config-epoch': z.coerce.string().min(1) });

/** The log of a connection, whose events begin with `sentinel_` in place of `redis_`. */
const sentinelLog = (log: Logger, url: string): Logger =>
  log.child({ sentinel: new URL(url).host }, { msgPrefix: 'a Sentinel: ', formatters: { log: renameEvent } });

function renameEvent(fields: { event?: unknown }): Record<string, unknown> {
  return { ...fields, event: String(fields.event).replace(/^redis_/, 'sentinel_') };
}
