import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { hasBody } from '../edge/body.ts';
import { noteBodyBytes } from './body-buffers.ts';

/** A body of undeclared length exceeds the limit. */
export class BodyTooLarge extends Error {
  readonly code = 'body_too_large';
  override readonly name = 'BodyTooLarge';
}

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
