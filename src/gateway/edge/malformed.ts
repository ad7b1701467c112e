import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemText } from '../../http/problem.ts';
import type { Logger } from '../../log.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';

/** How long a refused client may go on sending, so that it reads the response before the connection is reset. */
const LINGER_MS = 500;

const REASON_OF_PARSER_ERROR: Record<string, GatewayReason> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_too_slow',
};

interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

/**
 * Refuses what never becomes a request: input that Node's HTTP parser rejects, and `CONNECT`. The response is written
 * to the connection itself, so only if no other response is pending there: the client would take it for that one (RFC
 * 9112, section 9.3.2) or for a part of it. Otherwise the connection is only closed, after a response that is pending.
 */
export function refuseMalformedRequests(
  server: Server,
  log: Logger,
  strictTransport?: string,
  onRefusal: (reason: GatewayReason) => void = () => {},
): void {
  const latest = new WeakMap<Socket, Exchange>();
  const remember = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    latest.set(incoming.socket, { incoming, outgoing });
  };
  for (const event of ['request', 'checkContinue', 'checkExpectation'])
    server.prependListener(event, remember);
  const refuse = (socket: Socket, reason: GatewayReason): void => {
    if (socket.writableEnded) return;
    onRefusal(reason);
    const last = latest.get(socket);
    if (canRespond(last)) sendRaw(socket, reason, log, strictTransport);
    else if (last !== undefined && hasEffect(last)) closeAfter(last.outgoing, socket);
    else socket.destroySoon();
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, REASON_OF_PARSER_ERROR[error.code ?? ''] ?? 'request_malformed');
  });
  server.on('connect', (_incoming, socket) => {
    socket.on('error', () => socket.destroy());
    refuse(socket as Socket, 'request_malformed');
  });
}

/** Whether the client expects the response to the malformed request next, and nothing of it has been sent. */
function canRespond(latest: Exchange | undefined): boolean {
  if (latest === undefined) return true;
  const { incoming, outgoing } = latest;
  if (incoming.complete) return outgoing.writableFinished;
  return outgoing.socket !== null && !outgoing.headersSent;
}

/** Whether a request is complete and may have changed something (RFC 9110, section 9.2.1). */
const hasEffect = ({ incoming: { complete, method } }: Exchange): boolean =>
  complete && method !== 'GET' && method !== 'HEAD';

/**
 * Closes the connection once a pending response is sent: the client of a request that was carried out has to learn it,
 * whatever it sends afterwards.
 */
function closeAfter(outgoing: ServerResponse, socket: Socket): void {
  socket.pause();
  if (!outgoing.headersSent) outgoing.shouldKeepAlive = false;
  outgoing.once('finish', () => socket.destroySoon());
}

function sendRaw(socket: Socket, reason: GatewayReason, log: Logger, strictTransport?: string): void {
  const requestId = randomUUID();
  const definition = GATEWAY_PROBLEMS[reason];
  log.info({ granted: false, reason, status: definition.status, address: socket.remoteAddress, requestId });
  socket.end(problemText(definition, { requestId, strictTransport }));
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
