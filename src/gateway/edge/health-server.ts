import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sendProblem } from '../../http/problem.ts';
import type { Logger } from '../../log.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';

/** A request takes no longer than this; a connection may then be used again for as long. */
const TIMEOUT_MS = 5000;

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Load balancers and monitors have few connections. */
const CONNECTIONS_MAX = 256;

export interface HealthServerOptions {
  /** Whether requests can be served now. May reject. */
  isReady: () => Promise<boolean>;
  log: Logger;
}

/**
 * A server for `/livez` and `/readyz` alone, on a private address. It responds when all connections of the public
 * listener are taken, and while the gateway stops. It accepts HTTP/1.0 without `Host`, as load balancers send it.
 */
export function createHealthServer(options: HealthServerOptions): Server {
  const server = createServer({
    requestTimeout: TIMEOUT_MS,
    headersTimeout: TIMEOUT_MS,
    keepAliveTimeout: TIMEOUT_MS,
    requireHostHeader: false,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.resume();
    respond(options, incoming, outgoing).catch((err: unknown) => {
      options.log.error({ err }, 'a health check failed');
      refuse(outgoing, 'redis_unavailable');
    });
  });
  return server;
}

async function respond(
  { isReady }: HealthServerOptions,
  { method = '', url = '' }: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const path = url.split('?', 1)[0];
  // What HAProxy sends if it is told no path (`option httpchk`).
  const asksForReadiness = path === '/readyz' || (method === 'OPTIONS' && path === '/');
  if (!METHODS.has(method)) refuse(outgoing, 'route_unknown');
  else if (path === '/livez') send(outgoing, 'alive');
  else if (!asksForReadiness) refuse(outgoing, 'route_unknown');
  else if (await isReady()) send(outgoing, 'ready');
  else refuse(outgoing, 'redis_unavailable');
}

const refuse = (outgoing: ServerResponse, reason: GatewayReason): void =>
  sendProblem(outgoing, GATEWAY_PROBLEMS[reason]);

function send(outgoing: ServerResponse, status: 'alive' | 'ready'): void {
  outgoing.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  outgoing.end(JSON.stringify({ status }));
}
