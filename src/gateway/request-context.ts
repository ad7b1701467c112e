import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { AuditEvent } from '../audit/event.ts';
import type { Logger } from '../log.ts';
import type { Refusal } from '../refusal.ts';
import { type DenialReason, type ProblemOptions, sendProblem, statusOf } from './problems/send.ts';

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

/** Answers with the refusal's problem and writes the one log line of a request that is not let through. */
export function refuse(
  arrival: RequestContext,
  refusal: Refusal<DenialReason>,
  subject: DecisionSubject = {},
  extras: ProblemOptions = {},
): Response {
  const { requestId, path, clientAddress, incoming, outgoing, strictTransport, log } = arrival;
  const { reason, detail } = refusal;
  const { sub, sid, client } = subject;
  const where = { method: incoming.method, path: pathForLog(path), address: clientAddress, requestId };
  log.info({ granted: false, reason, detail, status: statusOf(reason), sub, sid, client, ...where });
  sendProblem(outgoing, refusal, requestId, { strictTransport, ...extras });
  return RESPONSE_ALREADY_SENT;
}
