import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { AuditEvent } from '../audit/event.ts';
import { type ProblemDefinition, sendProblem } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import type { Refusal } from '../refusal.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from './problems/table.ts';

/** One request as it came in, with what every stage and every log line needs to know of it. */
export interface RequestContext {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Made here for each request; a client's own id is not believed. */
  requestId: string;
  /** Of the request target: plain, and without the query. */
  path: string;
  clientAddress: string;
  nowMs: number;
  /** For every answer (RFC 6797, section 7.1). */
  strictTransport: string | undefined;
  log: Logger;
}

/** Who a decision was about, as far as it is known. */
export interface DecisionSubject {
  sub?: string;
  sid?: string;
  /** The registered client that asks (RFC 6749, section 2.2). */
  client?: string;
}

/** A path as a log line shows it. A segment that is long enough to be a credential is not shown. */
const pathForLog = (path: string): string => {
  const shown = path.length > MAX_LOGGED_PATH ? `${path.slice(0, MAX_LOGGED_PATH)}…` : path;
  return shown.replace(/[^/]{65,}/g, '(long)');
};

const MAX_LOGGED_PATH = 256;

/** What an audit record tells of the request that it is about. */
export const auditFields = ({
  clientAddress,
  requestId,
}: RequestContext): Pick<AuditEvent, 'address' | 'requestId'> => ({
  address: clientAddress,
  requestId,
});

export const newRequestId = (): string => randomUUID();

/** Writes the one log line of a request that is let through. */
export function logGrant(arrival: RequestContext, { sub, sid, client }: DecisionSubject): void {
  const { requestId, path, clientAddress, incoming, log } = arrival;
  if (!log.isLevelEnabled('info')) return;
  log.info({
    granted: true,
    sub,
    sid,
    client,
    method: incoming.method,
    path: pathForLog(path),
    address: clientAddress,
    requestId,
  });
}

/** Sends the refusal's problem and writes the one log line of a request that is refused. */
export function refuse(
  context: RequestContext,
  refusal: Refusal<GatewayReason>,
  subject: DecisionSubject = {},
  definition: ProblemDefinition = GATEWAY_PROBLEMS[refusal.reason],
): Response {
  const { requestId, path, clientAddress, incoming, outgoing, strictTransport, log } = context;
  const { reason, detail, errors, retryAfterSeconds } = refusal;
  const { sub, sid, client } = subject;
  const request = { method: incoming.method, path: pathForLog(path), address: clientAddress, requestId };
  log.info({ granted: false, reason, detail, status: definition.status, sub, sid, client, ...request });
  sendProblem(outgoing, definition, { requestId, errors, retryAfterSeconds, strictTransport });
  return RESPONSE_ALREADY_SENT;
}
