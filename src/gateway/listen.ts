import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { GatewaySettings } from '../config.ts';
import type { Logger } from '../log.ts';
import { Refusal } from '../refusal.ts';
import { type Arrival, newRequestId, refuse } from './arrival.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { clientAddress } from './client-address.ts';
import { rawDenial, statusOf } from './denial.ts';
import { declaresTooMuch, isPlainlyFramed } from './request-body.ts';
import { plainPath } from './request-target.ts';

/** How often connections are looked over for time-outs. */
const CONNECTION_CHECK_MS = 1000;

/** Node leaves out headers past the thousandth without a word, and another hop may see them. */
const NO_LIMIT_BUT_BYTES = 0;

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
    headersTimeout: Math.min(settings.headersTimeoutMs, settings.requestTimeoutMs),
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: CONNECTION_CHECK_MS,
    requireHostHeader: false,
    noDelay: true,
  });
  server.setTimeout(settings.idleTimeoutMs);
  server.maxConnections = settings.connectionsMax;
  server.maxHeadersCount = NO_LIMIT_BUT_BYTES;
  const listener = getRequestListener(
    (request, { incoming, outgoing }) =>
      receive(parts, request, incoming as IncomingMessage, outgoing as ServerResponse),
    { overrideGlobalObjects: false, errorHandler: (fault) => answerUnreadable(fault, log) },
  );
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, listener);
  answerBrokenRequests(server, log);
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
  if (!isHttp1(incoming) || !isPlainlyFramed(incoming) || !hasOneHost(incoming))
    return refuse(arrival, new Refusal('request_malformed'));
  if (path === undefined) return refuse(arrival, new Refusal('target_not_canonical'));
  if (declaresTooMuch(incoming, settings.bodyMaxBytes)) return refuse(arrival, new Refusal('body_too_large'));
  return app.fetch(request, arrival);
}

/** Node's parser lets requests pass that say they are HTTP/0.9 or HTTP/2.0, which have another form altogether. */
const isHttp1 = ({ httpVersionMajor }: IncomingMessage): boolean => httpVersionMajor === 1;

/** A name or an address and perhaps a port (RFC 9110, section 7.2): nothing that a URL would read as a path. */
const PLAIN_HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** RFC 9112, section 3.2. Node keeps the first of several; the raw list has them all. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  let isPlain = true;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length !== 4 || rawHeaders[i]?.toLowerCase() !== 'host') continue;
    hosts += 1;
    isPlain &&= PLAIN_HOST.test(rawHeaders[i + 1] ?? '');
  }
  return hosts === 1 && isPlain;
}

/** For what Hono's adapter can't make a request of: no host, one that is none, or an absolute form that is none. */
function answerUnreadable(fault: unknown, log: Logger): Response {
  const reason = fault instanceof RequestError ? 'request_malformed' : 'fault';
  const requestId = newRequestId();
  log.info({ granted: false, reason, status: statusOf(reason), requestId });
  if (reason === 'fault') log.error({ err: fault, requestId }, 'a request met a fault');
  const body = rawDenial(reason, requestId).split('\r\n\r\n')[1] ?? '';
  const headers = { 'content-type': 'application/problem+json', connection: 'close' };
  return new Response(body, { status: statusOf(reason), headers });
}
