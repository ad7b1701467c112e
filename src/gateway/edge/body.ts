import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { noteBodyBytes } from '../proxy/body-buffers.ts';

/** A body of undeclared length exceeds the limit. */
export class BodyTooLarge extends Error {
  readonly code = 'body_too_large';
  override readonly name = 'BodyTooLarge';
}

/**
 * Whether the body is framed in a way that all hops agree on: by its length, or by `chunked` alone in HTTP/1.1 (RFC
 * 9112, section 6.1). Node's parser has refused both together and lengths that differ.
 */
export function isPlainlyFramed({ headers, httpVersion }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion === '1.1');
}

/** Whether the declared length (RFC 9110, section 8.6) exceeds the limit. Node's parser enforces the declared length. */
export const declaresTooMuch = (incoming: IncomingMessage, maxBytes: number): boolean =>
  Number(incoming.headers['content-length'] ?? 0) > maxBytes;

/** Whether the headers announce a body (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/**
 * The request's body as a stream for the upstream, or null if there is none. Its bytes are counted on the way. It is
 * never the client's own stream, so that destroying it early does not close the connection that needs a response.
 */
export function bodyOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Readable | null {
  const { expect } = incoming.headers;
  if (!hasBody(incoming)) return null;
  if (expect?.toLowerCase() === '100-continue' && incoming.httpVersion === '1.1') outgoing.writeContinue();
  return countBytes(incoming, maxBytes);
}

function countBytes(incoming: IncomingMessage, maxBytes: number): Readable {
  let passed = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      noteBodyBytes(chunk.length);
      if (passed > maxBytes) done(new BodyTooLarge(`a body of over ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
  // While a request waits for an upstream connection, nothing else listens; an unhandled error would end the process.
  counter.on('error', () => {});
  incoming.on('error', (fault) => counter.destroy(fault));
  incoming.pipe(counter).on('close', () => incoming.resume());
  return counter;
}

/** How long a client may take to send the rest of a body that is discarded. */
const DISCARD_TIMEOUT_MS = 500;

/**
 * Discards what is left of a body once the response is sent, so that the connection can be used again. A client that
 * does not send it in time is disconnected.
 */
export function discardUnreadBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once('finish', () => {
    if (incoming.complete) return;
    incoming.resume();
    const timer = setTimeout(() => incoming.socket.destroySoon(), DISCARD_TIMEOUT_MS).unref();
    for (const event of ['end', 'close']) incoming.once(event, () => clearTimeout(timer));
  });
}
