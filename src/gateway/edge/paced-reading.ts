import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from './connections.ts';

/** How much is parsed before requests may have to wait. It holds at most 38 of the smallest requests. */
const SLICE_BYTES = 1024;

type Parse = (chunk: Buffer) => void;

/**
 * Parses what a client sends in slices, and stops while requests wait (`pipelining.ts`). Node by itself parses 64 KiB
 * at once, up to 2,000 requests, each of which takes memory until its connection is closed. Slices grow while a body
 * is read.
 *
 * Node's own listener parses. It is called only while Node has not paused the socket itself, which it does when a
 * client or a reader of a body is too slow.
 */
export function readInSlices(connection: Connection): void {
  const { socket, waiting } = connection;
  const [parse] = socket.listeners('data') as [Parse];
  socket.off('data', parse);
  let rest: Buffer | undefined;
  let sliceBytes = SLICE_BYTES;
  const read = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length && !socket.writableEnded; ) {
      if (waiting.length > 0 || isPaused(socket)) {
        rest = chunk.subarray(at);
        socket.pause();
        return;
      }
      const { received } = connection;
      parse(chunk.subarray(at, at + sliceBytes));
      at += sliceBytes;
      sliceBytes = connection.received === received ? sliceBytes * 2 : SLICE_BYTES;
    }
  };
  socket.on('data', read);
  socket.on('resume', () => {
    const chunk = rest;
    rest = undefined;
    if (chunk !== undefined) read(chunk);
    else if (waiting.length > 0) socket.pause();
  });
}

/** Whether Node has paused the socket. It does not accept data then. */
const isPaused = (socket: Socket & { _paused?: boolean }): boolean =>
  socket.isPaused() || socket._paused === true;

/** Discards what follows a `CONNECT` request, after which Node has no parser for the connection. */
export function discardAfterConnect(server: Server): void {
  server.prependListener('connect', (_incoming, socket) => {
    socket.removeAllListeners('data');
    socket.resume();
  });
}
