import { connect, type Socket } from 'node:net';
import { type ParsedResponse, parseResponse, type RawResponse } from '../../src/probe/raw-response.ts';
import { until } from './until.ts';

export type { RawResponse };

/** A connection that sends bytes unchanged, for requests that no HTTP client would send. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.#closed = true;
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  /** The received bytes after the last response that was read. */
  get rest(): string {
    return this.#received.toString('latin1');
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Reads the next response, which may be an interim one (1xx). @throws when it is not complete in time */
  async response({ withinMs = 3000, toHead = false } = {}): Promise<RawResponse> {
    let parsed: ParsedResponse | undefined;
    await until(() => {
      parsed = parseResponse(this.#received, { toHead, closed: this.#closed });
      return parsed !== undefined || this.#closed;
    }, withinMs);
    if (parsed === undefined)
      throw new Error(`the connection closed before the end of a response: "${this.rest}"`);
    this.#received = parsed.rest;
    return parsed.response;
  }

  /** Waits until the server has closed the connection. */
  untilClosed(withinMs?: number): Promise<void> {
    return until(() => this.#closed, withinMs);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends bytes on a new connection and reads the first response. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawResponse> {
  const connection = new RawConnection(url);
  try {
    return await connection.send(bytes).response();
  } finally {
    connection.destroy();
  }
}

const CHUNK = `400\r\n${'x'.repeat(0x400)}\r\n`;
const CHUNK_EVERY_MS = 10;

/**
 * Sends `head`, which announces a chunked body, and then 1 KiB chunks without an end. @returns the status and the
 * problem code of the response. @throws when it is not complete in time
 */
export async function responseToEndlessBody(
  url: string,
  head: string,
): Promise<ReturnType<typeof rawProblemOf>> {
  const connection = new RawConnection(url).send(head);
  const sending = setInterval(() => connection.send(CHUNK), CHUNK_EVERY_MS);
  try {
    return rawProblemOf(await connection.response());
  } finally {
    clearInterval(sending);
    connection.destroy();
  }
}

/** A request without a body: the request line, `Host` and header lines. */
export const rawRequest = (requestLine: string, ...lines: string[]): string =>
  [`${requestLine} HTTP/1.1`, 'Host: gateway.test', ...lines, '', ''].join('\r\n');

/** The status and the problem code of a response. */
export function rawProblemOf({ status, headers, body }: RawResponse): { status: number; code: unknown } {
  const isProblem = headers['content-type']?.[0] === 'application/problem+json';
  return { status, code: isProblem ? (JSON.parse(body.toString()) as { code: unknown }).code : undefined };
}
