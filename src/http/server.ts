import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';

/** How often connections that have become idle are closed while a server drains. */
const SWEEP_INTERVAL_MS = 20;

/** A connection that has been idle for this part of the grace period is closed. */
const IDLE_PART = 0.1;

/**
 * Starts listening. Port 0 means any free port.
 * @returns the URL to connect to, such as `http://127.0.0.1:8080`
 * @throws when the server cannot listen on the address
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;
  const address = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return `http://${address}:${bound.port}`;
}

/**
 * Stops a server without losing a request. It stops listening at once, each further response says `Connection: close`
 * (RFC 9112, section 9.6), and connections that stay idle are closed. After `graceMs`, all are. Resolves when the last
 * connection is closed.
 */
export type Drain = (graceMs: number) => Promise<void>;

interface Connection {
  readonly unanswered: Set<ServerResponse>;
  /** By `performance.now()`. */
  idleSinceMs: number;
}

/** Follows the connections of a server that does not listen yet, so that it can be drained. Its clients do not pipeline. */
export function drainable(server: Server): Drain {
  const open = new Map<Socket, Connection>();
  let isDraining = false;
  server.on('connection', (socket: Socket) => {
    open.set(socket, { unanswered: new Set(), idleSinceMs: performance.now() });
    socket.once('close', () => open.delete(socket));
  });
  const follow = ({ socket }: IncomingMessage, outgoing: ServerResponse): void => {
    const connection = open.get(socket);
    if (connection === undefined) return;
    if (isDraining) outgoing.shouldKeepAlive = false;
    connection.unanswered.add(outgoing);
    outgoing.once('close', () => {
      connection.unanswered.delete(outgoing);
      connection.idleSinceMs = performance.now();
    });
  };
  for (const event of ['request', 'checkContinue']) server.prependListener(event, follow);
  return async (graceMs) => {
    isDraining = true;
    for (const { unanswered } of open.values())
      for (const outgoing of unanswered) outgoing.shouldKeepAlive = false;
    const closed = once(server, 'close');
    // The close() of an HTTP server would also close idle connections, on which requests may be on their way.
    NetServer.prototype.close.call(server);
    const sweep = setInterval(() => closeIdle(open, graceMs * IDLE_PART), SWEEP_INTERVAL_MS);
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(grace);
    // Stops Node's check of timeouts.
    server.close();
  };
}

function closeIdle(open: ReadonlyMap<Socket, Connection>, idleMs: number): void {
  const latestMs = performance.now() - idleMs;
  for (const [socket, { unanswered, idleSinceMs }] of open)
    if (unanswered.size === 0 && idleSinceMs <= latestMs) socket.destroy();
}
