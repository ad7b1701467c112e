import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { Refusal } from '../../refusal.ts';
import { noteBodyBytes } from './body-buffers.ts';
import { BodyTooLarge } from './request-body.ts';
import type { ClientHeaders } from './response-headers.ts';

type ProxyReason =
  | 'bank_busy'
  | 'bank_unreachable'
  | 'bank_too_slow'
  | 'bank_refused_gateway'
  | 'body_too_large';

export interface ProxiedRequest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Path and query, byte for byte as the client sent them, without the prefix. The policy has checked this path. */
  target: string;
  /** A flat list of names and values. */
  headers: string[];
  requestId: string;
  strictTransport?: string | undefined;
  clientHeaders: ClientHeaders;
  /** Called if there is no response of the upstream. It refuses the request if that is still possible. */
  onRefusal: (refusal: Refusal<ProxyReason>) => void;
  /** Called for an event stream or a long download, with a way to end it cleanly if there is one. */
  onLiveResponse: (close?: () => void) => void;
}

/** How many requests have no connection to the upstream yet. */
export interface ConnectionQueue {
  length: number;
}

/** Passes one response of the upstream to the client, with back-pressure, until either side closes. */
export class ResponseRelay implements Dispatcher.DispatchHandler {
  readonly #request: ProxiedRequest;
  readonly #queue: ConnectionQueue;
  #queueTimer: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: ProxiedRequest, queue: ConnectionQueue, queueTimeoutMs: number) {
    this.#request = request;
    this.#queue = queue;
    queue.length += 1;
    const onTimeout = (): void => request.onRefusal(new Refusal('bank_too_slow', 'no free connection'));
    this.#queueTimer = setTimeout(onTimeout, queueTimeoutMs);
    request.outgoing.on('close', () => this.#onClientClose());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#leaveQueue();
    this.#controller = controller;
    const { outgoing } = this.#request;
    if (outgoing.destroyed || outgoing.writableEnded) controller.abort(new Error('the response has ended'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const { outgoing, target, requestId, strictTransport, onRefusal, onLiveResponse } = this.#request;
    if (status < 200) return;
    if (status === 401) {
      onRefusal(new Refusal('bank_refused_gateway'));
      controller.abort(new Error('the upstream rejected the assertion'));
      return;
    }
    const isStream = String(headers['content-type']).startsWith('text/event-stream');
    // A shutdown waits for connections that are kept alive, and a stream is the last response on its connection.
    if (isStream) outgoing.shouldKeepAlive = false;
    const { clientHeaders } = this.#request;
    outgoing.writeHead(status, clientHeaders(headers, { target, requestId, strictTransport }));
    if (isLong(headers)) onLiveResponse(isStream ? () => this.#endStream(controller) : undefined);
    if (headers['content-length'] === undefined) outgoing.flushHeaders();
  }

  /** Ends an event stream. Clients ignore an event that is incomplete, so they miss nothing by it. */
  #endStream(controller: Dispatcher.DispatchController): void {
    this.#request.outgoing.end();
    controller.abort(new Error('the gateway ended the stream'));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { outgoing } = this.#request;
    noteBodyBytes(chunk.length);
    if (outgoing.write(chunk)) return;
    controller.pause();
    outgoing.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#request.outgoing.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#leaveQueue();
    const { outgoing, onRefusal } = this.#request;
    if (outgoing.writableEnded) return;
    if (outgoing.headersSent) outgoing.destroy();
    else onRefusal(refusalFor(error));
  }

  /** Once the request has a connection or will never get one. Until then it uses memory, even if the client has left. */
  #leaveQueue(): void {
    if (this.#queueTimer === undefined) return;
    clearTimeout(this.#queueTimer);
    this.#queueTimer = undefined;
    this.#queue.length -= 1;
  }

  #onClientClose(): void {
    clearTimeout(this.#queueTimer);
    const { outgoing } = this.#request;
    if (!outgoing.writableFinished) this.#controller?.abort(new Error('the client has left'));
  }
}

/** Larger responses, and those of undeclared length, are live responses. */
const MAX_SHORT_RESPONSE_BYTES = 65_536;

const isLong = (headers: IncomingHttpHeaders): boolean =>
  !(Number(headers['content-length']) <= MAX_SHORT_RESPONSE_BYTES);

const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function refusalFor(error: Error): Refusal<ProxyReason> {
  if (error instanceof BodyTooLarge) return new Refusal('body_too_large');
  const code = 'code' in error ? String(error.code) : undefined;
  return new Refusal(TIMEOUT_CODES.has(code ?? '') ? 'bank_too_slow' : 'bank_unreachable', code);
}
