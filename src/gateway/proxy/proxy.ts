import { type Dispatcher, Pool } from 'undici';
import type { GatewaySettings } from '../../config/load.ts';
import { Refusal } from '../../refusal.ts';
import { bodyOf } from './request-body.ts';
import { type ConnectionQueue, type ProxiedRequest, ResponseRelay } from './response-relay.ts';

type ProxySettings = Pick<
  GatewaySettings,
  | 'bankUrl'
  | 'bankConnectionsMax'
  | 'bankQueueMax'
  | 'bankConnectTimeoutMs'
  | 'bankFirstByteTimeoutMs'
  | 'bankIdleTimeoutMs'
  | 'bodyMaxBytes'
>;

/** The connections to the upstream. */
export class UpstreamProxy {
  readonly #pool: Pool;
  readonly #settings: ProxySettings;
  readonly #queue: ConnectionQueue = { length: 0 };

  constructor(settings: ProxySettings) {
    this.#settings = settings;
    this.#pool = new Pool(settings.bankUrl, {
      connections: settings.bankConnectionsMax,
      pipelining: 1,
      connect: { timeout: settings.bankConnectTimeoutMs },
      headersTimeout: settings.bankFirstByteTimeoutMs,
      bodyTimeout: settings.bankIdleTimeoutMs,
    });
  }

  /**
   * Sends the request to the upstream and streams the response back. Redirects are passed on, never followed, and
   * nothing is sent twice. Bodies flow in both directions as fast as the slower side. A request waits for a free
   * connection as long as it would for the first byte of a response.
   */
  forward(request: ProxiedRequest): void {
    const { incoming, outgoing, target, headers } = request;
    const { bankQueueMax, bankFirstByteTimeoutMs, bodyMaxBytes } = this.#settings;
    if (this.#queue.length > bankQueueMax) {
      request.onRefusal(new Refusal('bank_busy'));
      return;
    }
    const body = bodyOf(incoming, outgoing, bodyMaxBytes);
    this.#pool.dispatch(
      { method: incoming.method as Dispatcher.HttpMethod, path: target, headers, body },
      new ResponseRelay(request, this.#queue, bankFirstByteTimeoutMs),
    );
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
