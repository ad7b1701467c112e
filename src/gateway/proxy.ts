import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import type { GatewaySettings } from '../config.ts';
import { Refusal } from '../refusal.ts';
import type { DenialReason } from './denial.ts';
import { headersForClient } from './forwarded-headers.ts';
import { countPassing } from './passing-buffers.ts';
import { BodyTooLarge, bodyOf } from './request-body.ts';

export type ProxyReason = 'bank_unreachable' | 'bank_too_slow' | 'bank_refused_gateway' | 'body_too_large';

export interface ProxiedRequest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Path and query, byte for byte as the client sent them and policy judged them, less the prefix. */
  target: string;
  /** A flat list of names and values. */
  headers: string[];
  requestId: string;
  /** Told when the bank's answer can't be had; what is still possible is then answered. */
  onRefusal: (refusal: Refusal<DenialReason>) => void;
  /** Told when the answer may go on for longer than a moment. */
  onLongAnswer: () => void;
}

export type ProxySettings = Pick<
  GatewaySettings,
  | 'bankUrl'
  | 'bankConnectionsMax'
  | 'bankConnectTimeoutMs'
  | 'bankFirstByteTimeoutMs'
  | 'bankIdleTimeoutMs'
  | 'bodyMaxBytes'
>;

/** The connections to the bank, and the answers that are passing through. */
export class BankProxy {
  readonly #pool: Pool;
  readonly #settings: ProxySettings;
  readonly #streams = new Set<AnswerRelay>();

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
    const body = bodyOf(request.incoming, request.outgoing, this.#settings.bodyMaxBytes);
    this.#pool.dispatch(
      { method: incoming.method as Dispatcher.HttpMethod, path: target, headers, body },
      new AnswerRelay(request, this.#streams, this.#settings.bankFirstByteTimeoutMs),
    );
  }

  /** Ends the event streams, which have no end of their own, so that a stop need not wait for them. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Passes one answer of the bank's to the client, with back-pressure, until either side goes away. */
class AnswerRelay implements Dispatcher.DispatchHandler {
  readonly #request: ProxiedRequest;
  readonly #streams: Set<AnswerRelay>;
  readonly #waiting: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: ProxiedRequest, streams: Set<AnswerRelay>, waitMs: number) {
    this.#request = request;
    this.#streams = streams;
    const giveUp = (): void => request.onRefusal(new Refusal('bank_too_slow', 'no free connection'));
    this.#waiting = setTimeout(giveUp, waitMs);
    request.outgoing.on('close', () => this.#clientLeft());
  }

  /** Ends the answer where it is, in good order. */
  end(): void {
    this.#request.outgoing.end();
    this.#controller?.abort(new Error('the gateway ended the stream'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.#waiting);
    this.#controller = controller;
    const { outgoing } = this.#request;
    if (outgoing.destroyed || outgoing.writableEnded) controller.abort(new Error('nobody waits any more'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const { outgoing, requestId, onRefusal, onLongAnswer } = this.#request;
    if (status < 200) return;
    if (status === 401) {
      onRefusal(new Refusal('bank_refused_gateway'));
      controller.abort(new Error('the bank did not accept the assertion'));
      return;
    }
    outgoing.writeHead(status, headersForClient(headers, requestId));
    if (isLong(headers)) onLongAnswer();
    if (headers['content-length'] === undefined) outgoing.flushHeaders();
    if (String(headers['content-type']).startsWith('text/event-stream')) this.#streams.add(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { outgoing } = this.#request;
    countPassing(chunk.length);
    if (outgoing.write(chunk)) return;
    controller.pause();
    outgoing.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#request.outgoing.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, fault: Error): void {
    clearTimeout(this.#waiting);
    const { outgoing, onRefusal } = this.#request;
    if (outgoing.writableEnded) return;
    if (outgoing.headersSent) outgoing.destroy();
    else onRefusal(refusalFor(fault));
  }

  #clientLeft(): void {
    clearTimeout(this.#waiting);
    const { outgoing } = this.#request;
    this.#streams.delete(this);
    if (!outgoing.writableFinished) this.#controller?.abort(new Error('the client went away'));
  }
}

/** What is larger is not written in one go. */
const SHORT_ANSWER_MOST_BYTES = 65_536;

const isLong = (headers: IncomingHttpHeaders): boolean =>
  !(Number(headers['content-length']) <= SHORT_ANSWER_MOST_BYTES);

const TOO_SLOW = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function refusalFor(fault: Error): Refusal<ProxyReason> {
  if (fault instanceof BodyTooLarge) return new Refusal('body_too_large');
  const code = 'code' in fault ? String(fault.code) : undefined;
  return new Refusal(TOO_SLOW.has(code ?? '') ? 'bank_too_slow' : 'bank_unreachable', code);
}
