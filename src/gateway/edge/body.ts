import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { noteBodyBytes } from '../proxy/body-buffers.ts';

/** A body without a declared length grew past the limit on its way. */
export class BodyTooLarge extends Error {
  readonly code = 'body_too_large';
  override readonly name = 'BodyTooLarge';
}

/**
 * Whether the body is framed in one of the two ways that every hop reads alike: a length, or `chunked` and nothing
 * else in HTTP/1.1 (RFC 9112, section 6.1). Node's parser has refused both together and lengths that differ.
 */
export function isPlainlyFramed({ headers, httpVersion }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion === '1.1');
}

/** Whether the declared length (RFC 9110, section 8.6) is over the limit. The HTTP parser holds a client to it. */
export const declaresTooMuch = (incoming: IncomingMessage, maxBytes: number): boolean =>
  Number(incoming.headers['content-length'] ?? 0) > maxBytes;

/** Whether a body follows, by what the headers say (RFC 9112, section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/**
 * The request's body as a stream for the bank, or null where there is none. It is counted as it passes, and it is
 * never the client's own stream: who ends this one early must not end the connection that is to be answered on.
 */
export function bodyOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Readable | null {
  const { expect } = incoming.headers;
  if (!hasBody(incoming)) return null;
  if (expect?.toLowerCase() === '100-continue' && incoming.httpVersion === '1.1') outgoing.writeContinue();
  return counted(incoming, maxBytes);
}

function counted(incoming: IncomingMessage, maxBytes: number): Readable {
  let passed = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      noteBodyBytes(chunk.length);
      if (passed > maxBytes) done(new BodyTooLarge(`a body of over ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
  // While a request waits for a connection to the bank nobody else listens, and an error that nobody hears ends the process.
  counter.on('error', () => {});
  incoming.on('error', (fault) => counter.destroy(fault));
  incoming.pipe(counter).on('close', () => incoming.resume());
  return counter;
}
