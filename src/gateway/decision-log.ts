import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type ProblemDefinition, sendProblem } from '../http/problem.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { NotDurable } from '../redis/replication/confirmation.ts';
import { Refusal } from '../refusal.ts';
import { PasswordQueueFull } from '../users/passwords.ts';
import { millisecondsSince } from './completion-log.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from './problems/table.ts';
import type { RequestContext } from './request-context.ts';

/** The user or client that a decision is about, as far as it is known. */
export interface DecisionSubject {
  sub?: string;
  sid?: string;
  /** The registered OAuth client (RFC 6749, section 2.2). */
  client?: string;
}

/** Writes the one log line of the decision to grant a request, before it has an effect. */
export function logGrant(context: RequestContext, { sub, sid, client }: DecisionSubject): void {
  const { requestId, path, clientAddress, incoming, record, trace, log } = context;
  record.isGranted = true;
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
    traceId: trace.traceId,
  });
}

/** Sends the refusal's problem and writes the one log line of a request that is refused. */
export function refuse(
  context: RequestContext,
  refusal: Refusal<GatewayReason>,
  subject: DecisionSubject = {},
  definition: ProblemDefinition = GATEWAY_PROBLEMS[refusal.reason],
): Response {
  const { requestId, path, clientAddress, incoming, outgoing, strictTransport, record, log } = context;
  const { reason, detail, errors, retryAfterSeconds } = refusal;
  const { sub, sid, client } = subject;
  record.reason = reason;
  log.info({
    granted: false,
    reason,
    detail,
    status: definition.status,
    upstreamStatus: record.upstreamStatus,
    sub,
    sid,
    client,
    method: incoming.method,
    path: pathForLog(path),
    address: clientAddress,
    latencyMs: millisecondsSince(record.startMs),
    requestId,
    traceId: context.trace.traceId,
  });
  sendProblem(outgoing, definition, { requestId, errors, retryAfterSeconds, strictTransport });
  return RESPONSE_ALREADY_SENT;
}

/** Refuses a request because of a thrown fault. Nothing is ever granted because of a fault. */
export function refuseFault(context: RequestContext, fault: unknown): Response {
  const { incoming, log, requestId } = context;
  const clientLeft = incoming.destroyed && !incoming.complete;
  if (clientLeft) return RESPONSE_ALREADY_SENT;
  if (fault instanceof PasswordQueueFull) return refuse(context, new Refusal('password_queue_full'));
  log.error({ err: fault, requestId }, 'a request failed');
  return refuse(context, new Refusal(reasonOf(fault)));
}

function reasonOf(fault: unknown): GatewayReason {
  if (fault instanceof NotDurable && fault.what === 'revocation') return 'revocation_not_durable';
  return fault instanceof RedisUnavailable ? 'redis_unavailable' : 'fault';
}

const MAX_LOGGED_PATH = 256;

/** A path for a log line. A segment that is long enough to be a credential is left out. */
const pathForLog = (path: string): string => {
  const shown = path.length > MAX_LOGGED_PATH ? `${path.slice(0, MAX_LOGGED_PATH)}…` : path;
  return shown.replace(/[^/]{65,}/g, '(long)');
};
