import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import type { GatewaySettings } from '../../config/load.ts';
import { clientAddress } from '../../http/addresses.ts';
import type { Logger } from '../../log.ts';
import { Refusal } from '../../refusal.ts';
import { BANK_PREFIX } from '../app.ts';
import { GATEWAY_PROBLEMS } from '../problems/table.ts';
import { newRequestId, type RequestContext, refuse } from '../request-context.ts';
import { declaresTooMuch, hasBody, isPlainlyFramed } from './body.ts';
import { STRICT_TRANSPORT, strictTransportOf, transportHeader } from './hsts.ts';
import { answerMalformedRequests } from './malformed.ts';
import { plainPath } from './target.ts';

/** How often connections are looked over for time-outs. */
const CONNECTION_CHECK_MS = 1000;

/** Node leaves out headers past the thousandth without a word, and another hop may see them. */
const NO_LIMIT_BUT_BYTES = 0;

export interface ListenDeps {
  app: Hono<{ Bindings: RequestContext }>;
  /** The app's route of `/bank/**` by itself. */
  bankRoute: (arrival: RequestContext) => Promise<Response>;
  settings: GatewaySettings;
  log: Logger;
  now: () => number;
}

interface ReceivingDeps extends ListenDeps {
  strictTransport: string | undefined;
}

/**
 * Stage 0: an HTTP server that holds every client to the limits, and hands on only requests of plain form.
 * What is refused here has cost no token check.
 */
export function createGatewayServer(deps: ListenDeps): Server {
  const { settings, log } = deps;
  const strictTransport = strictTransportOf(settings);
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
  const listener = receiving({ ...deps, strictTransport });
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, listener);
  answerMalformedRequests(server, log, strictTransport);
  return server;
}

/**
 * Receives each request for the app, or for its bank route by itself where that does the same. Hono's adapter
 * makes objects of the web's kind, parses the URL and sees to bodies that nobody reads. That is a good part of what
 * a request costs here, and of no use to one that is plain, has no body and is passed on.
 */
function receiving(deps: ReceivingDeps): RequestListener {
  const toApp = getRequestListener(
    (request, { incoming, outgoing }) =>
      receive(deps, incoming as IncomingMessage, outgoing as ServerResponse, (arrival) => {
        presetHeaders(arrival);
        const response = deps.app.fetch(request, arrival);
        return incoming.method === 'HEAD' ? responseToHead(response) : response;
      }),
    { overrideGlobalObjects: false, errorHandler: (fault) => answerUnreadable(fault, deps) },
  );
  return (incoming, outgoing) => {
    if (isPlainForBank(incoming)) receiveForBank(deps, incoming, outgoing);
    else void toApp(incoming, outgoing);
  };
}

/**
 * Hono responds to HEAD with a copy of the response to GET. The adapter sends a copy of `RESPONSE_ALREADY_SENT` too if
 * another listener in this process made it replace the global `Response`.
 */
async function responseToHead(copy: Response | Promise<Response>): Promise<Response> {
  const response = await copy;
  return response.headers.has('x-hono-already-sent') ? RESPONSE_ALREADY_SENT : response;
}

/**
 * What the gateway's own answers say unless they say otherwise. Proxied ones have both in their list: a header that
 * is set beforehand makes Node's `writeHead` slow.
 */
function presetHeaders({ outgoing, path, strictTransport }: RequestContext): void {
  if (path.startsWith(`${BANK_PREFIX}/`)) return;
  outgoing.setHeader('cache-control', 'no-store');
  if (strictTransport !== undefined) outgoing.setHeader(STRICT_TRANSPORT, strictTransport);
}

function receiveForBank(deps: ReceivingDeps, incoming: IncomingMessage, outgoing: ServerResponse): void {
  try {
    void receive(deps, incoming, outgoing, deps.bankRoute);
  } catch (fault) {
    deps.log.error({ err: fault }, 'a request met a fault');
    outgoing.destroy();
  }
}

/** A target and a host that need no URL parser to be known as such. */
const FOR_BANK = new RegExp(String.raw`^${BANK_PREFIX}/[^\\]*$`);
const HOST_FOR_SURE = /^[a-z0-9._-]+(?::(?:[1-9]\d{0,3}|[1-5]\d{4}))?$/;

const isPlainForBank = (incoming: IncomingMessage): boolean =>
  FOR_BANK.test(incoming.url ?? '') && HOST_FOR_SURE.test(incoming.headers.host ?? '') && !hasBody(incoming);

/** Refuses what isn't of plain form, and hands on the rest. */
function receive<Answer>(
  { settings, strictTransport, log, now }: ReceivingDeps,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handOn: (arrival: RequestContext) => Answer,
): Answer | Response {
  const path = plainPath(incoming.url ?? '');
  const arrival: RequestContext = {
    incoming,
    outgoing,
    requestId: newRequestId(),
    path: path ?? '(refused)',
    clientAddress: clientAddress(incoming, settings.trustedProxies),
    nowMs: now(),
    strictTransport,
    log,
  };
  if (!isHttp1(incoming) || !isPlainlyFramed(incoming) || !hasOneHost(incoming))
    return refuse(arrival, new Refusal('request_malformed'));
  if (path === undefined) return refuse(arrival, new Refusal('target_not_canonical'));
  if (declaresTooMuch(incoming, settings.bodyMaxBytes)) return refuse(arrival, new Refusal('body_too_large'));
  return handOn(arrival);
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
function answerUnreadable(fault: unknown, { strictTransport, log }: ReceivingDeps): Response {
  const reason = fault instanceof RequestError ? 'request_malformed' : 'fault';
  const requestId = newRequestId();
  const definition = GATEWAY_PROBLEMS[reason];
  log.info({ granted: false, reason, status: definition.status, requestId });
  if (reason === 'fault') log.error({ err: fault, requestId }, 'a request met a fault');
  const response = problemResponse(definition, { requestId, strictTransport });
  response.headers.set('connection', 'close');
  return response;
}
