import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { Refusal } from '../../refusal.ts';
import { BodyTooLarge } from '../edge/body.ts';
import type { GatewayReason } from '../problems/table.ts';
import { noteBodyBytes } from './body-buffers.ts';
import { headersForClient } from './headers.ts';

type ProxyReason = 'bank_unreachable' | 'bank_too_slow' | 'bank_refused_gateway' | 'body_too_large';

export interface ProxiedRequest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Path and query, byte for byte as the client sent them and policy judged them, less the prefix. */
  target: string;
  /** A flat list of names and values. */
  headers: string[];
  requestId: string;
  strictTransport?: string | undefined;
  /** Told when the bank's answer can't be had; what is still possible is then answered. */
  onRefusal: (refusal: Refusal<GatewayReason>) => void;
  /** Told when the answer may go on for longer than a moment, with a way to end it in good order if there is one. */
  onLiveResponse: (end?: () => void) => void;
}

/** How many requests have no connection to the bank yet. */
export interface WaitingLine {
  waiting: number;
}

/** Passes one answer of the bank's to the client, with back-pressure, until either side goes away. */
export class ResponseRelay implements Dispatcher.DispatchHandler {
  readonly #request: ProxiedRequest;
  readonly #line: WaitingLine;
  #patience: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: ProxiedRequest, line: WaitingLine, waitMs: number) {
    this.#request = request;
    this.#line = line;
    line.waiting += 1;
    const giveUp = (): void => request.onRefusal(new Refusal('bank_too_slow', 'no free connection'));
    this.#patience = setTimeout(giveUp, waitMs);
    request.outgoing.on('close', () => this.#clientLeft());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#leaveLine();
    this.#controller = controller;
    const { outgoing } = this.#request;
    if (outgoing.destroyed || outgoing.writableEnded) controller.abort(new Error('nobody waits any more'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const { outgoing, requestId, strictTransport, onRefusal, onLiveResponse } = this.#request;
    if (status < 200) return;
    if (status === 401) {
      onRefusal(new Refusal('bank_refused_gateway'));
      controller.abort(new Error('the bank did not accept the assertion'));
      return;
    }
    const isStream = String(headers['content-type']).startsWith('text/event-stream');
    // A stop waits for connections that are kept for a next request, and a stream is the last on its own.
    if (isStream) outgoing.shouldKeepAlive = false;
    outgoing.writeHead(status, headersForClient(headers, requestId, strictTransport));
    if (isLong(headers)) onLiveResponse(isStream ? () => this.#end(controller) : undefined);
    if (headers['content-length'] === undefined) outgoing.flushHeaders();
  }

  /** Ends an event stream where it is: each of its events is whole or is none, so nothing is missing. */
  #end(controller: Dispatcher.DispatchController): void {
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

  onResponseError(_controller: Dispatcher.DispatchController, fault: Error): void {
    this.#leaveLine();
    const { outgoing, onRefusal } = this.#request;
    if (outgoing.writableEnded) return;
    if (outgoing.headersSent) outgoing.destroy();
    else onRefusal(refusalFor(fault));
  }

  /** Once, when the request has a connection or will never get one; until then it takes memory, client or not. */
  #leaveLine(): void {
    if (this.#patience === undefined) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#line.waiting -= 1;
  }

  #clientLeft(): void {
    clearTimeout(this.#patience);
    const { outgoing } = this.#request;
    if (!outgoing.writableFinished) this.#controller?.abort(new Error('the client went away'));
  }
}

/** What is larger is not written in one go. */
const MAX_SHORT_ANSWER_BYTES = 65_536;

const isLong = (headers: IncomingHttpHeaders): boolean =>
  !(Number(headers['content-length']) <= MAX_SHORT_ANSWER_BYTES);

const TOO_SLOW = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function refusalFor(fault: Error): Refusal<ProxyReason> {
  if (fault instanceof BodyTooLarge) return new Refusal('body_too_large');
  const code = 'code' in fault ? String(fault.code) : undefined;
  return new Refusal(TOO_SLOW.has(code ?? '') ? 'bank_too_slow' : 'bank_unreachable', code);
}
