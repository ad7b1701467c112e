import type { RedisClient } from './client.ts';

/** Connections that have been replaced. They are closed once their pending commands had time to finish. */
export class RetiredClients {
  readonly #clients = new Set<RedisClient>();
  readonly #graceMs: number;

  /** @param graceMs how long the pending commands may take */
  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  add(client: RedisClient): void {
    this.#clients.add(client);
    const close = (): void => {
      this.#clients.delete(client);
      client.destroy();
    };
    setTimeout(close, this.#graceMs).unref();
  }

  /** Closes all of them now. */
  close(): void {
    for (const client of this.#clients) client.destroy();
  }
}
