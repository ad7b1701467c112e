import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { FieldError, Problem } from '../http/problem.ts';
import type { AssertionClaims } from '../jwt/assertion.ts';
import { Refusal } from '../refusal.ts';
import type { PostingReason } from './ledger/post.ts';

/** Every reason for which the bank says no. */
export type BankReason =
  | PostingReason
  | 'assertion_missing'
  | 'assertion_invalid'
  | 'scope_missing'
  | 'not_owner'
  | 'account_not_found'
  | 'route_unknown'
  | 'method_unknown'
  | 'request_malformed'
  | 'query_wrong'
  | 'header_wrong'
  | 'idempotency_key_missing'
  | 'body_not_json'
  | 'body_too_large'
  | 'body_incomplete'
  | 'body_wrong'
  | 'transfer_to_self'
  | 'destination_unknown'
  | 'redis_unavailable'
  | 'keys_unavailable'
  | 'fault';

/** A refusal with what the client needs to mend its request. */
export class BankRefusal extends Refusal<BankReason> {
  constructor(reason: BankReason, errors?: readonly FieldError[], detail?: string) {
    super(reason, { detail, errors });
  }
}

export interface BankEnv {
  Variables: {
    /** Who asks, as the gateway says. */
    caller: AssertionClaims;
    /** The account that the request is about, once the caller was found to may see it. */
    accountId: string | undefined;
    /** Why the request was refused, if it was. */
    refusal: Refusal<BankReason> | undefined;
  };
}

type ProblemFacts = readonly [status: ContentfulStatusCode, code: string, title: string];

const UNAVAILABLE: ProblemFacts = [503, 'service_unavailable', 'The bank is unavailable for a moment.'];

export const PROBLEMS: Record<BankReason, ProblemFacts> = {
  assertion_missing: [401, 'assertion_missing', "The gateway's assertion is needed."],
  assertion_invalid: [401, 'assertion_invalid', "This is not a valid assertion of the gateway's."],
  scope_missing: [403, 'insufficient_scope', 'Your role does not allow this.'],
  not_owner: [403, 'not_owner', 'Only the owner of an account may move its money.'],
  account_not_found: [404, 'account_not_found', 'There is no such account.'],
  account_unknown: [404, 'account_not_found', 'There is no such account.'],
  route_unknown: [404, 'not_found', 'There is nothing here.'],
  method_unknown: [405, 'method_not_allowed', 'This is not something that can be done here.'],
  request_malformed: [400, 'request_malformed', 'The request is not valid HTTP.'],
  query_wrong: [400, 'query_invalid', 'The query is not what this route wants.'],
  header_wrong: [400, 'header_invalid', 'A header is not what this route wants.'],
  idempotency_key_missing: [400, 'idempotency_key_missing', 'An Idempotency-Key header is needed.'],
  idempotency_key_reused: [
    422,
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request already.',
  ],
  body_not_json: [415, 'media_type_unsupported', 'The body has to be application/json.'],
  body_too_large: [413, 'body_too_large', 'The request body is too large.'],
  body_incomplete: [400, 'body_invalid', 'The body did not arrive in full.'],
  body_wrong: [400, 'body_invalid', 'The body is not what this route wants.'],
  transfer_to_self: [422, 'transfer_to_self', 'An account can not pay itself.'],
  destination_unknown: [422, 'destination_unknown', 'There is no account to transfer to.'],
  currency_mismatch: [422, 'currency_mismatch', 'The two accounts have different currencies.'],
  insufficient_funds: [422, 'insufficient_funds', 'The account does not hold that much.'],
  balance_limit: [422, 'balance_limit', 'The balance would grow beyond what an account can hold.'],
  redis_unavailable: UNAVAILABLE,
  keys_unavailable: UNAVAILABLE,
  fault: [500, 'internal_error', 'Something went wrong.'],
};

/** What a request is called in the logs of the gateway and the bank: the gateway's id for it. */
export function requestIdOf(header: string | null | undefined): string | undefined {
  return header && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}

/** Answers with a problem (RFC 9457) and, on 401, a challenge (RFC 6750, section 3). */
export function refuse(c: Context<BankEnv>, refusal: Refusal<BankReason>): Response {
  c.set('refusal', refusal);
  return problemResponse(refusal, requestIdOf(c.req.header('x-request-id')));
}

export function problemResponse(refusal: Refusal<BankReason>, requestId?: string): Response {
  const [status, code, title] = PROBLEMS[refusal.reason];
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="portcullis-bank"';
  if (status === 503) headers['retry-after'] = '1';
  const { errors } = refusal;
  const type = `urn:portcullis:problem:${code}`;
  const problem: Problem = { type, title, status, code, request_id: requestId, errors };
  return new Response(JSON.stringify(problem), { status, headers });
}
