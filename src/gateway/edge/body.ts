import type { IncomingMessage, ServerResponse } from 'node:http';

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

/** How long a client may take to send the rest of a body that is discarded. */
const DISCARD_TIMEOUT_MS = 1000;

/** How much of a body is discarded. Every byte of it costs the gateway work for nothing. */
const DISCARD_MAX_BYTES = 1024 * 1024;

/**
 * Discards what is left of a body once the response is sent, so that the connection can be used again. A client that
 * does not send it in time is disconnected. So is one that sends too much, after the same time, in which it can read
 * the response.
 */
export function discardUnreadBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once('finish', () => {
    if (incoming.complete) return;
    const { socket } = incoming;
    let bytes = 0;
    // Node discards the body by itself and does not say how much.
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= DISCARD_MAX_BYTES) return;
      // A body that is read would resume the connection.
      incoming.pause();
      socket.pause();
    };
    socket.on('data', count);
    incoming.resume();
    const timer = setTimeout(() => socket.destroySoon(), DISCARD_TIMEOUT_MS).unref();
    const stop = (): void => {
      clearTimeout(timer);
      socket.off('data', count);
      if (bytes > DISCARD_MAX_BYTES) socket.resume();
    };
    for (const event of ['end', 'close']) incoming.once(event, stop);
  });
}
