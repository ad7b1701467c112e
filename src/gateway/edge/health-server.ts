import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sendProblem } from '../../http/problem.ts';
import type { Logger } from '../../log.ts';
import { GATEWAY_PROBLEMS } from '../problems/table.ts';

/** A request takes no longer than this; a connection may then be used again for as long. */
const TIMEOUT_MS = 5000;

/** Load balancers and monitors have few connections. */
const CONNECTIONS_MAX = 256;

/** A complete response of the private listener. */
export interface PrivateResponse {
  status: number;
  /** The media type of the body. */
  type: string;
  body: string;
}

/** Responds to `GET`, `HEAD` and `OPTIONS` of one path. A fault is a 500. */
export type PrivateRoute = (incoming: IncomingMessage) => PrivateResponse | Promise<PrivateResponse>;

export interface HealthServerOptions {
  /** By path, such as `/livez`. */
  routes: Readonly<Record<`/${string}`, PrivateRoute>>;
  log: Logger;
}

/** What HAProxy sends if it is told no path (`option httpchk`). */
const HAPROXY_DEFAULT = 'OPTIONS /';

/**
 * A server for health checks and monitoring, on a private address. It responds when all connections of the public
 * listener are taken, and while the gateway stops. It accepts HTTP/1.0 without `Host`, as load balancers send it.
 */
export function createHealthServer({ routes, log }: HealthServerOptions): Server {
  const table = new Map<string, PrivateRoute>();
  for (const [path, route] of Object.entries(routes))
    for (const method of ['GET', 'HEAD', 'OPTIONS']) table.set(`${method} ${path}`, route);
  if (routes['/readyz'] !== undefined) table.set(HAPROXY_DEFAULT, routes['/readyz']);
  const server = createServer({
    requestTimeout: TIMEOUT_MS,
    headersTimeout: TIMEOUT_MS,
    keepAliveTimeout: TIMEOUT_MS,
    requireHostHeader: false,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.resume();
    const { method = '', url = '' } = incoming;
    const route = table.get(`${method} ${url.split('?', 1)[0]}`);
    if (route === undefined) sendProblem(outgoing, GATEWAY_PROBLEMS.route_unknown);
    else void respond(() => route(incoming), outgoing, log);
  });
  return server;
}

async function respond(
  route: () => ReturnType<PrivateRoute>,
  outgoing: ServerResponse,
  log: Logger,
): Promise<void> {
  try {
    const { status, type, body } = await route();
    outgoing.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    outgoing.end(body);
  } catch (err) {
    log.error({ err }, 'a request to the private listener failed');
    sendProblem(outgoing, GATEWAY_PROBLEMS.fault);
  }
}
