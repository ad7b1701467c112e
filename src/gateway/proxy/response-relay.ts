import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Refusal } from '../../refusal.ts';
import type { RequestRecord, StageRun } from '../../request-record.ts';
import type { GatewayReason } from '../problems/table.ts';
import { noteBodyBytes } from './body-buffers.ts';
import type { ClientHeaders } from './response-headers.ts';
import { ConnectionLost, type UpstreamConnection } from './upstream-connection.ts';
import { BodyRefused, refusalOfError } from './upstream-errors.ts';

/** A held body, one that is streamed, or none. */
export type RequestBody = Buffer | Readable | null;

export interface ProxiedRequest {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Path and query, byte for byte as the client sent them, without the prefix. The policy has checked this path. */
  target: string;
  /** A flat list of names and values. */
  headers: string[];
  body: RequestBody;
  requestId: string;
  record: RequestRecord;
  /** The stage of this request that ends with the head of the response. */
  sending: StageRun;
  strictTransport?: string | undefined;
  clientHeaders: ClientHeaders;
  /** Called if there is no response of the upstream. It refuses the request if that is still possible. */
  onRefusal: (refusal: Refusal<GatewayReason>) => void;
  /** Called instead if the request may be sent again. Without it, nothing is sent twice. */
  onLost?: (() => void) | undefined;
  /** Called once, when the connection is no longer in use, with whether it can carry another request. */
  release: (isReusable: boolean) => void;
  /** Called for an event stream or a long download, with a way to end it cleanly if there is one. */
  onLiveResponse: (close?: () => void) => void;
}

/** Passes one response of the upstream to the client, with back-pressure, until either side closes. */
export class ResponseRelay implements Dispatcher.DispatchHandler {
  readonly #request: ProxiedRequest;
  readonly #connection: UpstreamConnection;
  #controller: Dispatcher.DispatchController | undefined;
  #isReusable = false;
  /** The declared length of a short body. */
  #shortBytes = 0;
  /** A short body that has arrived in one piece. */
  #shortBody: Buffer | undefined;

  constructor(request: ProxiedRequest, connection: UpstreamConnection) {
    this.#request = request;
    this.#connection = connection;
    request.outgoing.on('close', () => this.#onClientClose());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { outgoing } = this.#request;
    if (outgoing.destroyed || outgoing.writableEnded) controller.abort(new Error('the response has ended'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const { outgoing, target, requestId, strictTransport, record, sending, onRefusal, onLiveResponse } =
      this.#request;
    if (status < 200) return;
    record.end(sending);
    record.upstreamStatus = status;
    this.#isReusable = isReadAtOnce(this.#request.body, status);
    if (status === 401) {
      onRefusal(new Refusal('bank_refused_gateway'));
      controller.abort(new Error('the upstream rejected the assertion'));
      return;
    }
    const isStream = String(headers['content-type']).startsWith('text/event-stream');
    record.isStream = isStream;
    // A shutdown waits for connections that are kept alive, and a stream is the last response on its connection.
    if (isStream) outgoing.shouldKeepAlive = false;
    const { clientHeaders } = this.#request;
    outgoing.writeHead(status, clientHeaders(headers, { target, requestId, strictTransport }));
    const length = Number(headers['content-length']);
    this.#shortBytes = length <= SHORT_BODY_MAX_BYTES ? length : 0;
    if (isLong(headers)) onLiveResponse(isStream ? () => this.#endStream(controller) : undefined);
    if (headers['content-length'] === undefined) outgoing.flushHeaders();
  }

  /** Ends an event stream. Clients ignore an event that is incomplete, so they miss nothing by it. */
  #endStream(controller: Dispatcher.DispatchController): void {
    this.#request.outgoing.end();
    controller.abort(new Error('the gateway ended the stream'));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { outgoing, record } = this.#request;
    noteBodyBytes(chunk.length);
    record.upstreamBytes += chunk.length;
    if (chunk.length === this.#shortBytes) {
      // Its end is in the same read, so that head and body are written at once.
      this.#shortBody = chunk;
      return;
    }
    if (outgoing.write(chunk)) return;
    controller.pause();
    outgoing.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    const { outgoing, release } = this.#request;
    if (this.#shortBody === undefined) outgoing.end();
    else outgoing.end(this.#shortBody.toString('latin1'), 'latin1');
    release(this.#isReusable);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { outgoing, onRefusal, onLost, release } = this.#request;
    release(false);
    if (outgoing.writableEnded) return;
    if (outgoing.headersSent) outgoing.destroy();
    else if (onLost !== undefined && this.#canRepeat(error)) onLost();
    else onRefusal(error instanceof BodyRefused ? error.refusal : refusalOfError(error));
  }

  /** A lost GET or HEAD without a byte of a response is safe to repeat (RFC 9110, section 9.2.2), as is what was never sent. */
  #canRepeat(error: Error): boolean {
    const { incoming, outgoing, body } = this.#request;
    if (outgoing.destroyed || !(body === null || Buffer.isBuffer(body))) return false;
    if (error instanceof ConnectionLost) return true;
    const isSafe = incoming.method === 'GET' || incoming.method === 'HEAD';
    const isLost = 'code' in error && LOST_CODES.has(String(error.code));
    return isSafe && isLost && this.#connection.isLostWithoutByte;
  }

  #onClientClose(): void {
    const { outgoing } = this.#request;
    if (!outgoing.writableFinished) this.#controller?.abort(new Error('the client has left'));
  }
}

/** Bodies up to this size are written with the head if they arrive in one piece. */
const SHORT_BODY_MAX_BYTES = 16_384;

/** Larger responses, and those of undeclared length, are live responses. */
const MAX_SHORT_RESPONSE_BYTES = 65_536;

const isLong = (headers: IncomingHttpHeaders): boolean =>
  !(Number(headers['content-length']) <= MAX_SHORT_RESPONSE_BYTES);

const LOST_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** An upstream that rejects a request may not have read a longer body, and may close the connection for that. */
const READ_AT_ONCE_BYTES = 16_384;

/** Whether the upstream has certainly read the whole request, so that the connection can carry another one. */
function isReadAtOnce(body: RequestBody, status: number): boolean {
  if (body === null) return true;
  if (!Buffer.isBuffer(body) || status === 413) return false;
  return status < 400 || body.length <= READ_AT_ONCE_BYTES;
}
