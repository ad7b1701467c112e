import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection, Connections } from './connections.ts';

/** How many requests may wait on a connection. */
const WAITING_MAX = 64;

type Handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * Limits how many requests of one connection are handled at a time (pipelining, RFC 9112, section 9.3.2). A request
 * counts until its response has been written to the socket, so a client that does not read gets no more of them.
 *
 * Further requests wait in order, and the connection is not read meanwhile (`paced-reading.ts`). Those that were
 * parsed with the first one that waits are few, unless they follow a long body: then the client is disconnected.
 * @returns the listener for the server's requests
 */
export function limitPipelining(connections: Connections, max: number, handle: Handle): Handle {
  const handOn = (connection: Connection, incoming: IncomingMessage, outgoing: ServerResponse): void => {
    connections.begin(connection, outgoing);
    outgoing.once('close', () => {
      connections.end(connection);
      handOnNext(connection);
    });
    handle(incoming, outgoing);
  };
  const handOnNext = (connection: Connection): void => {
    const { socket, waiting } = connection;
    if (waiting.length === 0 || socket.destroyed) return;
    while (connection.unanswered < max) {
      const next = waiting.shift();
      if (next === undefined) break;
      handOn(connection, next.incoming, next.outgoing);
    }
    if (waiting.length === 0) socket.resume();
  };
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const connection = connections.of(socket);
    if (connection === undefined || socket.destroyed) return;
    const { waiting, last } = connection;
    connection.received += 1;
    // The client has been told that this request will not be answered (RFC 9112, section 9.6).
    if (last?.headersSent) return;
    if (connection.unanswered < max && waiting.length === 0) handOn(connection, incoming, outgoing);
    else if (waiting.length < WAITING_MAX) waiting.push({ incoming, outgoing });
    else disconnect(connection);
  };
}

function disconnect({ socket, waiting }: Connection): void {
  waiting.length = 0;
  socket.destroy();
}
