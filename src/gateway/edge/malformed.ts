import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemText } from '../../http/problem.ts';
import type { Logger } from '../../log.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';
import { newRequestId } from '../request-context.ts';

/** How long a client may go on sending what is thrown away, so that it sees the answer and not a reset. */
const LINGER_MS = 500;

const REASON_OF_PARSER_FAULT: Record<string, GatewayReason> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_too_slow',
};

interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

/**
 * Answers what never becomes a request for the app: what Node's HTTP parser gives up on, and `CONNECT`. Such an
 * answer is written on the bare connection, so never while another is under way or owed there: the client would
 * take it for that one (RFC 9112, section 9.3.2), or for a part of it. Then the connection is only closed.
 */
export function answerMalformedRequests(server: Server, log: Logger, strictTransport?: string): void {
  const latest = new WeakMap<Socket, Exchange>();
  const remember = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    latest.set(incoming.socket, { incoming, outgoing });
  };
  server.prependListener('request', remember);
  server.prependListener('checkContinue', remember);
  server.prependListener('checkExpectation', remember);
  const answer = (socket: Socket, reason: GatewayReason): void => {
    if (socket.writableEnded) return;
    if (mayAnswer(latest.get(socket))) answerRaw(socket, reason, log, strictTransport);
    else socket.destroySoon();
  };
  server.on('clientError', (fault: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || fault.code === 'ECONNRESET') socket.destroy();
    else answer(socket, REASON_OF_PARSER_FAULT[fault.code ?? ''] ?? 'request_malformed');
  });
  server.on('connect', (_incoming, socket) => {
    socket.on('error', () => socket.destroy());
    answer(socket as Socket, 'request_malformed');
  });
}

/** Whether the client awaits the answer to the broken request and to no other, and none of it has been sent. */
function mayAnswer(latest: Exchange | undefined): boolean {
  if (latest === undefined) return true;
  const { incoming, outgoing } = latest;
  if (incoming.complete) return outgoing.writableFinished;
  return outgoing.socket !== null && !outgoing.headersSent;
}

function answerRaw(socket: Socket, reason: GatewayReason, log: Logger, strictTransport?: string): void {
  const requestId = newRequestId();
  const definition = GATEWAY_PROBLEMS[reason];
  log.info({ granted: false, reason, status: definition.status, address: socket.remoteAddress, requestId });
  socket.end(problemText(definition, { requestId, strictTransport }));
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
