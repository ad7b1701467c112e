import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Connections } from './connections.ts';

/** How often connections that have become idle are closed. */
const SWEEP_INTERVAL_MS = 20;

/**
 * A connection that has been idle for this part of the grace period is closed: its client is unlikely to be sending a
 * request just now.
 */
const IDLE_PART = 0.1;

/**
 * Stops a server without losing a request. It stops listening at once. The next response on each connection says
 * `Connection: close` (RFC 9112, section 9.6), and connections that stay idle are closed. After `graceMs`, all are.
 * Resolves when the last connection is closed.
 */
export async function drainConnections(
  server: Server,
  connections: Connections,
  graceMs: number,
): Promise<void> {
  connections.startDraining();
  const closed = once(server, 'close');
  // The close() of an HTTP server would also close idle connections, on which requests may be on their way.
  NetServer.prototype.close.call(server);
  const sweep = setInterval(() => connections.closeIdle(graceMs * IDLE_PART), SWEEP_INTERVAL_MS);
  const grace = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(grace);
  // Stops Node's check of timeouts.
  server.close();
}
