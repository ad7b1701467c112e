import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How often connections that have become idle are closed while a server drains. */
const SWEEP_INTERVAL_MS = 20;

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
 * Stops listening at once, lets requests in progress finish for at most `graceMs`, then closes all connections.
 * Resolves when the last connection is closed.
 */
export async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  const grace = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(grace);
}
