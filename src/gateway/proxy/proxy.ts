import { type Dispatcher, Pool } from 'undici';
import type { GatewaySettings } from '../../config/load.ts';
import { Refusal } from '../../refusal.ts';
import { bodyOf } from '../edge/body.ts';
import { type ProxiedRequest, ResponseRelay, type WaitingLine } from './response-relay.ts';

export type ProxySettings = Pick<
  GatewaySettings,
  | 'bankUrl'
  | 'bankConnectionsMax'
  | 'bankQueueMax'
  | 'bankConnectTimeoutMs'
  | 'bankFirstByteTimeoutMs'
  | 'bankIdleTimeoutMs'
  | 'bodyMaxBytes'
>;

/** The connections to the bank, and the answers that are passing through. */
export class UpstreamProxy {
  readonly #pool: Pool;
  readonly #settings: ProxySettings;
  readonly #line: WaitingLine = { waiting: 0 };

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
   * Stage 5: sends the request to the bank and streams the answer back. Redirects are passed on, never followed;
   * nothing is sent twice. Bodies flow both ways no faster than their slower side. A request waits for a free
   * connection no longer than for the first byte of an answer.
   */
  forward(request: ProxiedRequest): void {
    const { incoming, target, headers } = request;
    if (this.#line.waiting > this.#settings.bankQueueMax) {
      request.onRefusal(new Refusal('bank_busy'));
      return;
    }
    const body = bodyOf(request.incoming, request.outgoing, this.#settings.bodyMaxBytes);
    this.#pool.dispatch(
      { method: incoming.method as Dispatcher.HttpMethod, path: target, headers, body },
      new ResponseRelay(request, this.#line, this.#settings.bankFirstByteTimeoutMs),
    );
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
