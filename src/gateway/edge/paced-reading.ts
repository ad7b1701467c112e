import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ReadTurns } from '../turns/read-turns.ts';
import type { Connection } from './connections.ts';

/** How much is parsed before requests may have to wait. It holds at most 38 of the smallest requests. */
const SLICE_BYTES = 1024;

/** How much is read of what a client sends after its last response. Then it is not read until it is disconnected. */
const DISCARD_MAX_BYTES = 1024 * 1024;

type Parse = (chunk: Buffer) => void;

/**
 * Parses what a client sends in slices, and stops while requests wait (`pipelining.ts`). Node by itself parses 64 KiB
 * at once, up to 2,000 requests, each of which takes memory until its connection is closed. Slices grow while a body
 * is read. Large chunks of all connections take turns (`../turns/read-turns.ts`).
 *
 * Node's own listener parses. It is called only while Node has not paused the socket itself, which it does when a
 * client or a reader of a body is too slow.
 */
export function readInSlices(connection: Connection, turns: ReadTurns): void {
  const { socket, waiting } = connection;
  const [parse] = socket.listeners('data') as [Parse];
  socket.off('data', parse);
  let rest: Buffer | undefined;
  let sliceBytes = SLICE_BYTES;
  const discard = discarder(socket);
  const turn = turnsOf(connection, turns);
  const read = (chunk: Buffer): void => {
    if (socket.writableEnded) {
      discard(chunk);
      return;
    }
    if (!turn.take(chunk)) {
      rest = chunk;
      socket.pause();
      return;
    }
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
    turn.pauseUntilNext();
  };
  socket.on('data', (chunk: Buffer) => {
    // A stream that is resumed can pass on a chunk before it says so.
    if (rest === undefined) read(chunk);
    else rest = Buffer.concat([rest, chunk]);
  });
  socket.on('resume', () => {
    const chunk = rest;
    rest = undefined;
    if (chunk !== undefined) read(chunk);
    else if (waiting.length > 0) socket.pause();
    else turn.pauseUntilNext();
  });
}

/** Counts what is discarded, and stops reading when it is too much. */
function discarder(socket: Socket): (chunk: Buffer) => void {
  let bytes = 0;
  return ({ length }) => {
    bytes += length;
    if (bytes > DISCARD_MAX_BYTES) socket.pause();
  };
}

/** The turns of one connection. */
interface OwnTurns {
  /**
   * Whether a chunk can be parsed now. If not, the socket is resumed when it can: somebody else may resume it before, so the
   * caller has to ask again.
   */
  take: (chunk: Buffer) => boolean;
  /** Pauses the socket if the connection waits for its turn. */
  pauseUntilNext: () => void;
}

/** Each connection of a trusted proxy counts as a network of its own. */
function turnsOf({ socket, networks }: Connection, turns: ReadTurns): OwnTurns {
  const network = networks.at(-1) ?? socket;
  let state: 'reading' | 'waiting' | 'next' = 'reading';
  const waitFor = (next: 'reading' | 'next'): void => {
    state = 'waiting';
    turns.wait(network, () => {
      state = next;
      if (!socket.destroyed) socket.resume();
    });
  };
  const take = ({ length }: Buffer): boolean => {
    if (state === 'waiting') return false;
    const turn = state === 'next' ? 'now' : turns.take(length);
    state = 'reading';
    if (turn !== 'now') waitFor(turn === 'later' ? 'next' : 'reading');
    return turn !== 'later';
  };
  const pauseUntilNext = (): void => {
    if (state === 'waiting') socket.pause();
  };
  return { take, pauseUntilNext };
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
