import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { type ProblemDefinition, problem, problemResponse } from '../http/problem.ts';
import type { AssertionClaims } from '../jwt/assertion.ts';
import type { Refusal } from '../refusal.ts';
import { parseTraceParent } from '../tracing/trace-context.ts';

const CHALLENGE = { challenge: 'Bearer realm="portcullis-bank"' };

const accountNotFound = problem(404, 'account_not_found', 'Account not found.');
const RETRY = { retryAfterSeconds: 1 };
const unavailable = problem(503, 'service_unavailable', 'The bank is temporarily unavailable.', RETRY);

/** Every reason for a refusal by the bank. The reason is logged; the client gets its code. */
export const BANK_PROBLEMS = {
  assertion_missing: problem(401, 'assertion_missing', 'A gateway assertion is required.', CHALLENGE),
  assertion_invalid: problem(401, 'assertion_invalid', 'The gateway assertion is not valid.', CHALLENGE),
  assertion_mismatch: problem(
    401,
    'assertion_mismatch',
    'The gateway assertion is for another request.',
    CHALLENGE,
  ),
  assertion_replayed: problem(
    401,
    'assertion_replayed',
    'The gateway assertion has already been used.',
    CHALLENGE,
  ),
  scope_missing: problem(403, 'insufficient_scope', 'Your role does not allow this.'),
  not_owner: problem(403, 'not_owner', 'Only the owner of an account can transfer money from it.'),

  account_not_found: accountNotFound,
  account_unknown: accountNotFound,
  route_unknown: problem(404, 'not_found', 'Not found.'),
  method_unknown: problem(405, 'method_not_allowed', 'Method not allowed.'),

  request_malformed: problem(400, 'request_malformed', 'The request is not valid HTTP.'),
  query_wrong: problem(400, 'query_invalid', 'Invalid query parameters.'),
  header_wrong: problem(400, 'header_invalid', 'Invalid request header.'),
  idempotency_key_missing: problem(400, 'idempotency_key_missing', 'An Idempotency-Key header is required.'),
  body_not_json: problem(415, 'media_type_unsupported', 'The request body must be application/json.'),
  body_too_large: problem(413, 'body_too_large', 'The request body is too large.'),
  body_incomplete: problem(400, 'body_invalid', 'The request body is incomplete.'),
  body_wrong: problem(400, 'body_invalid', 'Invalid request body.'),

  idempotency_key_reused: problem(
    422,
    'idempotency_key_reused',
    'This Idempotency-Key has already been used for a different request.',
  ),
  transfer_to_self: problem(422, 'transfer_to_self', 'An account cannot transfer money to itself.'),
  destination_unknown: problem(422, 'destination_unknown', 'The destination account does not exist.'),
  currency_mismatch: problem(422, 'currency_mismatch', 'The accounts have different currencies.'),
  insufficient_funds: problem(422, 'insufficient_funds', 'Insufficient funds.'),
  balance_limit: problem(422, 'balance_limit', 'The transfer would exceed the maximum account balance.'),
  too_many_transfers: problem(429, 'too_many_transfers', 'The account has reached its limit of transfers.'),
  too_many_searches: problem(429, 'too_many_searches', 'You have too many searches in progress.', RETRY),
  too_many_streams: problem(429, 'too_many_streams', 'You have too many open event streams.', RETRY),

  transfer_not_durable: problem(
    503,
    'transfer_not_durable',
    'The transfer has been made, but too few servers have confirmed it. Repeat it with the same Idempotency-Key.',
    RETRY,
  ),
  redis_unavailable: unavailable,
  keys_unavailable: unavailable,
  stopping: problem(503, 'stopping', 'The service is stopping.', { retryAfterSeconds: 1 }),
  fault: problem(500, 'internal_error', 'Something went wrong.'),
} satisfies Record<string, ProblemDefinition>;

export type BankReason = keyof typeof BANK_PROBLEMS;
export type BankRefusal = Refusal<BankReason>;

/** What Hono passes along with each request. */
export interface BankEnv {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
  Variables: {
    /** The verified claims of the gateway's assertion. */
    caller: AssertionClaims;
    /** The body of a request that can change something. */
    body: Buffer;
    /** The account of the path, set once it is known that the caller may see it. For the log. */
    accountId: string | undefined;
    /** For the log. */
    refusal: BankRefusal | undefined;
  };
}
export type BankContext = Context<BankEnv>;

/** The request id that the gateway has assigned. It is the same in the logs of both. */
export function requestId(c: BankContext): string | undefined {
  const header = c.req.header('x-request-id') ?? '';
  return /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}

/** The trace of the request, as the gateway says. It is for the log only. */
export const traceId = (c: BankContext): string | undefined =>
  parseTraceParent(c.req.header('traceparent'))?.traceId;

/** Responds with the problem of a refusal (RFC 9457) and, on a 401, a challenge (RFC 6750, section 3). */
export function refuse(c: BankContext, refusal: BankRefusal): Response {
  c.set('refusal', refusal);
  return problemResponse(BANK_PROBLEMS[refusal.reason], {
    requestId: requestId(c),
    errors: refusal.errors,
    retryAfterSeconds: refusal.retryAfterSeconds,
  });
}
