import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

/** One answer as it came over the wire; header names are in lower case. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string[]>;
  body: Buffer;
}

/** A connection that sends exactly the bytes it is given, for what no HTTP client would send. */
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

  /** What has come and is no part of an answer that was taken. */
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

  /** Takes the next whole answer, an interim one (1xx) included. @throws when none comes within `withinMs`. */
  async answer({ withinMs = 3000, toHead = false } = {}): Promise<RawAnswer> {
    let taken: Taken | undefined;
    await until(() => {
      taken = takeAnswer(this.#received, toHead, this.#closed);
      return taken !== undefined || this.#closed;
    }, withinMs);
    if (taken === undefined) throw new Error(`the connection closed without a whole answer: "${this.rest}"`);
    this.#received = taken.rest;
    return taken.answer;
  }

  /** Waits until the other side has closed the connection. */
  untilClosed(withinMs = 3000): Promise<void> {
    return until(() => this.#closed, withinMs);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends bytes on a connection of their own and gives the first answer. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const connection = new RawConnection(url);
  try {
    return await connection.send(bytes).answer();
  } finally {
    connection.destroy();
  }
}

/** A request without a body as text: the request line, `Host`, and lines of headers. */
export const rawRequest = (requestLine: string, ...lines: string[]): string =>
  [`${requestLine} HTTP/1.1`, 'Host: gateway.test', ...lines, '', ''].join('\r\n');

/** The status and the problem code of an answer. */
export function rawProblemOf({ status, headers, body }: RawAnswer): { status: number; code: unknown } {
  const isProblem = headers['content-type']?.[0] === 'application/problem+json';
  return { status, code: isProblem ? (JSON.parse(body.toString()) as { code: unknown }).code : undefined };
}

interface Taken {
  answer: RawAnswer;
  rest: Buffer;
}

function takeAnswer(bytes: Buffer, toHead: boolean, closed: boolean): Taken | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
  }
  const after = bytes.subarray(headEnd + 4);
  const bodiless = toHead || status < 200 || status === 204 || status === 304;
  const taken = bodiless ? { body: Buffer.alloc(0), rest: after } : takeBody(after, headers, closed);
  return taken && { answer: { status, headers, body: taken.body }, rest: taken.rest };
}

function takeBody(
  bytes: Buffer,
  headers: Record<string, string[]>,
  closed: boolean,
): { body: Buffer; rest: Buffer } | undefined {
  if (headers['transfer-encoding'] !== undefined) return takeChunks(bytes);
  const length = headers['content-length']?.[0];
  if (length === undefined) return closed ? { body: bytes, rest: Buffer.alloc(0) } : undefined;
  if (bytes.length < Number(length)) return undefined;
  return { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function takeChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(next) };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
