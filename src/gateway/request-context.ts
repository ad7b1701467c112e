import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent, AuditLog } from '../audit/event.ts';
import type { AccessClaims } from '../jwt/access-token.ts';
import type { Logger } from '../log.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import type { RequestRecord } from '../request-record.ts';
import type { TraceContext } from '../tracing/trace-context.ts';
import type { Authorization } from '../users/authorization.ts';

/** A request and its response, with what all stages and log lines need to know. */
export interface RequestContext {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Made by the gateway. An id sent by the client is never used. */
  requestId: string;
  /** The canonical path of the request target, without the query. */
  path: string;
  clientAddress: string;
  nowMs: number;
  /** The value of `Strict-Transport-Security` for every response (RFC 6797, section 7.1), if it is to be sent. */
  strictTransport: string | undefined;
  log: Logger;
  /**
   * Whether the request has used up its proof of possession, which counts once. It is judged several times. Copies of the
   * context share it.
   */
  possession: { isProven: boolean };
  /** What the stages note for logs, metrics and traces. Copies of the context share it. */
  record: RequestRecord;
  /** It is for logs and the upstream's headers only. No decision depends on it. */
  trace: TraceContext;
}

/** Called once for each request, when its response has been sent or its client has left. It must not throw. */
export type RequestObserver = (context: RequestContext) => void;

/** The user behind a request whose token has passed the stages up to the address (`pipeline/pipeline.ts`). */
export interface Authenticated {
  claims: AccessClaims;
  /** The key that signed the token. */
  kid: () => string;
  authorization: Authorization;
  /** Whether the whole request had been received before Redis was asked. */
  wasComplete: boolean;
}

/** Writes an audit record of an event that the request has caused. */
export const recordEvent = (
  audit: AuditLog,
  { clientAddress: address, requestId, nowMs }: RequestContext,
  event: AuditEvent,
): Promise<void> => audit.record({ ...event, address, requestId }, nowMs);

/**
 * Writes an audit record of a revocation, which stands even if it cannot be recorded, for example because Redis is full.
 * The response then says what has been done, and the log of the process has the record.
 */
export async function recordRevocation(
  audit: AuditLog,
  context: RequestContext,
  event: AuditEvent,
): Promise<void> {
  try {
    await recordEvent(audit, context, event);
  } catch (err) {
    if (!(err instanceof RedisUnavailable)) throw err;
    const { log, requestId } = context;
    log.error({ event: 'revocation_not_recorded', record: event, requestId, err }, 'not in the audit log');
  }
}
