import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { GatewaySettings } from '../config.ts';
import type { Logger } from '../log.ts';
import { Refusal } from '../refusal.ts';
import { type Arrival, newRequestId, refuse } from './arrival.ts';
import { clientAddress } from './client-address.ts';
import { type DenialReason, rawDenial, statusOf } from './denial.ts';
import { declaresTooMuch } from './request-body.ts';
import { plainPath } from './request-target.ts';

/** How often connections are looked over for time-outs. */
const CONNECTION_CHECK_MS = 1000;

export interface ListenParts {
  app: Hono<{ Bindings: Arrival }>;
  settings: GatewaySettings;
  log: Logger;
  now: () => number;
}

/**
 * Stage 0: an HTTP server that holds every client to the limits, and hands on only requests of plain form.
 * What is refused here has cost no token check.
 */
export function createGatewayServer(parts: ListenParts): Server {
  const { settings, log } = parts;
  const server = createServer({
    maxHeaderSize: settings.headerMaxBytes,
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: CONNECTION_CHECK_MS,
    noDelay: true,
  });
  server.setTimeout(settings.idleTimeoutMs);
  server.maxConnections = settings.connectionsMax;
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      receive(parts, request, incoming as IncomingMessage, outgoing as ServerResponse),
    { overrideGlobalObjects: false, errorHandler: malformed },
  );
  server.on('request', listener);
  server.on('checkContinue', listener);
  server.on('clientError', (fault: NodeJS.ErrnoException, socket: Socket) =>
    answerBroken(fault, socket, log),
  );
  return server;
}

function receive(
  { app, settings, log, now }: ListenParts,
  request: Request,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Response | Promise<Response> {
  const path = plainPath(incoming.url ?? '');
  const arrival: Arrival = {
    incoming,
    outgoing,
    requestId: newRequestId(),
    path: path ?? '(refused)',
    clientAddress: clientAddress(incoming, settings.trustedProxies),
    nowMs: now(),
    log,
  };
  if (path === undefined) return refuse(arrival, new Refusal('target_not_canonical'));
  if (declaresTooMuch(incoming, settings.bodyMaxBytes)) return refuse(arrival, new Refusal('body_too_large'));
  return app.fetch(request, arrival);
}

/** For a request that is no request for Hono's adapter: an absolute form or a host that is none. */
const malformed = (): Response => {
  const [head = '', body = ''] = rawDenial('request_malformed', newRequestId()).split('\r\n\r\n');
  return new Response(body, {
    status: Number(head.slice(9, 12)),
    headers: { 'content-type': 'application/problem+json', connection: 'close' },
  });
};

const REASON_OF_PARSER_FAULT: Record<string, DenialReason> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_too_slow',
};

/** Answers what Node's HTTP parser gave up on, unless an answer is already under way on that connection. */
function answerBroken(fault: NodeJS.ErrnoException, socket: Socket, log: Logger): void {
  const requestId = newRequestId();
  const reason = REASON_OF_PARSER_FAULT[fault.code ?? ''] ?? 'request_malformed';
  if (!socket.writable || fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  log.info({ granted: false, reason, status: statusOf(reason), address: socket.remoteAddress, requestId });
  socket.end(rawDenial(reason, requestId), () => socket.destroy());
}
