import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PlannedRequest } from './requests.ts';

const HEAD_END = '\r\n\r\n';
const EMPTY = Buffer.alloc(0);

/**
 * A keep-alive connection (HTTP/1.1) with one request at a time, implemented on a socket to use little CPU. It checks the
 * status, length and content of each response, which must have a `content-length`.
 */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #onFault: (fault: Error) => void;
  #request: PlannedRequest | undefined;
  #onResponse: () => void = () => {};
  #received: Buffer = EMPTY;
  #isClosed = false;

  /** `https:` connects with TLS and accepts any certificate. */
  constructor(url: string, onFault: (fault: Error) => void) {
    const { protocol, hostname, port } = new URL(url);
    const target = { host: hostname, port: Number(port) };
    this.#onFault = onFault;
    this.#socket =
      protocol === 'https:' ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (fault) => this.#fail(fault.message));
    this.#socket.on('close', () => this.#fail('the server closed the connection'));
  }

  /** Sends a request. `onResponse` is called when its response is complete; only then may the next one be sent. */
  send(request: PlannedRequest, onResponse: () => void): void {
    this.#request = request;
    this.#onResponse = onResponse;
    this.#socket.write(request.bytes);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const request = this.#request;
    if (request === undefined) {
      this.#fail('a response without a request');
      return;
    }
    const all = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = all;
    const headEnd = all.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = all.toString('latin1', 0, headEnd + 2);
    const bodyStart = headEnd + HEAD_END.length;
    const bodyLength = contentLength(head);
    const fault = faultInHead(head, bodyLength, request) ?? faultInBody(all, bodyStart, bodyLength, request);
    if (fault !== undefined) {
      this.#fail(fault);
      return;
    }
    if (all.length < bodyStart + bodyLength) return;
    this.#request = undefined;
    this.#received = EMPTY;
    this.#onResponse();
  }

  #fail(message: string): void {
    if (!this.#isClosed) this.#onFault(new Error(message));
    this.close();
  }
}

function faultInHead(head: string, bodyLength: number, { status, body }: PlannedRequest): string | undefined {
  const hasStatus = head.startsWith(`HTTP/1.1 ${status} `);
  const hasLength = body === undefined ? !Number.isNaN(bodyLength) : bodyLength === body.length;
  return hasStatus && hasLength ? undefined : `expected a response with ${status}, but got:\n${head}`;
}

/** Undefined also while the body is incomplete. */
function faultInBody(
  all: Buffer,
  bodyStart: number,
  bodyLength: number,
  { body }: PlannedRequest,
): string | undefined {
  const isDifferent =
    body !== undefined &&
    all.length >= bodyStart + bodyLength &&
    all.compare(body, 0, body.length, bodyStart) !== 0;
  return isDifferent ? 'unexpected response body' : undefined;
}

const contentLength = (head: string): number => Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
