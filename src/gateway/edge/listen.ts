import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { connectionsPerNetwork } from '../../config/gateway-limits.ts';
import type { GatewaySettings } from '../../config/load.ts';
import { clientAddress } from '../../http/addresses.ts';
import type { Logger } from '../../log.ts';
import { Refusal } from '../../refusal.ts';
import { RequestRecord } from '../../request-record.ts';
import { refuse } from '../decision-log.ts';
import type { GatewayReason } from '../problems/table.ts';
import type { RequestRates } from '../rates/request-rates.ts';
import type { RequestContext, RequestObserver } from '../request-context.ts';
import { strictTransportOf } from '../security-headers.ts';
import type { SharedLimits } from '../shares/exchange.ts';
import { ReadTurns } from '../turns/read-turns.ts';
import { discardUnreadBody, hasBody } from './body.ts';
import { type ConnectionLimits, Connections } from './connections.ts';
import { drainConnections } from './drain.ts';
import { edgeRefusal } from './edge-refusal.ts';
import { inTurns } from './in-turns.ts';
import { refuseMalformedRequests } from './malformed.ts';
import { discardAfterConnect, readInSlices } from './paced-reading.ts';
import { limitPipelining } from './pipelining.ts';
import { takePlainHealthCheck } from './plain-health-check.ts';
import { canonicalPath, isForUpstream, isPathTooLong } from './target.ts';
import { createTraceSource, type TraceSource } from './trace-source.ts';

/** How often Node checks connections for timeouts. */
const CONNECTION_CHECK_MS = 1000;

/** Without this, Node silently drops headers after the thousandth, which another hop may read. Bytes are limited. */
const UNLIMITED_HEADER_COUNT = 0;

/** What handles requests that have passed the edge. Neither function throws or rejects. */
export interface Handlers {
  /** Requests for the upstream. */
  proxied: (context: RequestContext) => void;
  /** Requests for the gateway's own routes. */
  own: (context: RequestContext) => void;
}

interface EdgeDeps extends Handlers {
  rates: RequestRates;
  /** Limits that are shared with other workers, if there are any. */
  sharedLimits?: SharedLimits | undefined;
  settings: GatewaySettings;
  log: Logger;
  now: () => number;
  observers: readonly RequestObserver[];
  /** Called for what is refused before it becomes a request. */
  onMalformed: (reason: GatewayReason) => void;
}

export interface GatewayServer {
  http: Server;
  /** How many client connections are open, and how many have been closed for a limit. */
  connections: { readonly open: number; readonly refusals: number };
  /** How many requests have no complete response yet. */
  progress: { readonly requests: number };
  /** Stops listening, lets requests in progress finish for at most `graceMs`, and closes all connections. */
  drain(graceMs: number): Promise<void>;
}

/**
 * Stage 0: an HTTP server that enforces the limits and hands on only requests that every parser reads alike. What it
 * refuses costs no token check.
 */
export function createGatewayServer(deps: EdgeDeps): GatewayServer {
  const { settings, log } = deps;
  const strictTransport = strictTransportOf(settings);
  const connections = new Connections(connectionLimits(deps));
  const { begin, noteEnd } = inTurns(connections, settings);
  const receiving = {
    ...deps,
    observers: [...deps.observers, noteEnd],
    strictTransport,
    traceOf: createTraceSource(settings),
    progress: { requests: 0 },
  };
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
  server.maxHeadersCount = UNLIMITED_HEADER_COUNT;
  const readTurns = new ReadTurns();
  server.on('connection', (socket: Socket) => {
    // The client has left before it was accepted. Nothing could be said of where its requests come from.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const connection = connections.add(socket);
    if (connection !== undefined) readInSlices(connection, readTurns);
  });
  discardAfterConnect(server);
  const listener = limitPipelining(connections, settings.pipelinedRequestsMax, (incoming, outgoing) =>
    begin(incoming, outgoing, () => receive(receiving, incoming, outgoing)),
  );
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, listener);
  refuseMalformedRequests(server, log, strictTransport, deps.onMalformed);
  const { progress } = receiving;
  return {
    http: server,
    connections,
    progress,
    drain: (graceMs) => drainConnections(server, connections, graceMs),
  };
}

function connectionLimits({ settings, sharedLimits, log }: EdgeDeps): ConnectionLimits {
  const { connectionsMax: max, trustedProxies } = settings;
  const maxPerNetwork = connectionsPerNetwork(settings);
  const sharedByNetwork = sharedLimits?.held('connections', maxPerNetwork);
  return { max, maxPerNetwork, trustedProxies, sharedByNetwork, log };
}

interface ReceiveDeps extends EdgeDeps {
  strictTransport: string | undefined;
  traceOf: TraceSource;
  progress: { requests: number };
}

/** Refuses a request that is not in its one form, and hands on any other: to the pipeline or to the own routes. */
function receive(
  { rates, settings, log, now, proxied, own, observers, strictTransport, traceOf, progress }: ReceiveDeps,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  try {
    const isHealthCheck = takePlainHealthCheck(incoming);
    const { url = '' } = incoming;
    const path = isPathTooLong(url, settings.pathMaxBytes) ? undefined : canonicalPath(url);
    const context: RequestContext = {
      incoming,
      outgoing,
      requestId: randomUUID(),
      path: path ?? '(refused)',
      clientAddress: clientAddress(incoming, settings.trustedProxies),
      nowMs: now(),
      strictTransport,
      log,
      possession: { isProven: false },
      record: new RequestRecord(),
      trace: traceOf(incoming),
    };
    progress.requests += 1;
    outgoing.once('close', () => {
      progress.requests -= 1;
      for (const observe of observers) observe(context);
    });
    const reason = isHealthCheck ? undefined : edgeRefusal(incoming, path, settings);
    if (hasBody(incoming)) discardUnreadBody(incoming, outgoing);
    // Where a malformed request ends, and so where the next one on this connection begins, is not certain.
    if (reason === 'request_malformed') outgoing.shouldKeepAlive = false;
    const refusal = rates.countForNetwork(context) ?? (reason && new Refusal(reason));
    if (refusal !== undefined) refuse(context, refusal);
    else if (isForUpstream(context.path)) proxied(context);
    else own(context);
  } catch (fault) {
    log.error({ err: fault }, 'a request failed');
    outgoing.destroy();
  }
}
