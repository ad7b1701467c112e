import type { ServerResponse } from 'node:http';
import type { Refusal } from '../refusal.ts';
import type { TokenReason } from '../token/access-token.ts';
import type { WhitelistReason } from '../token/whitelist.ts';

/** Every reason for which the gateway itself says no. The log has the reason; the client gets its code. */
export type DenialReason =
  | 'target_not_canonical'
  | 'request_malformed'
  | 'headers_too_large'
  | 'request_too_slow'
  | 'body_too_large'
  | 'body_not_json'
  | 'body_wrong'
  | 'route_unknown'
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_twice'
  | 'token_in_query'
  | 'csrf'
  | TokenReason
  | WhitelistReason
  | 'no_rule'
  | 'scope_missing'
  | 'login_wrong'
  | 'login_throttled'
  | 'password_queue_full'
  | 'redis_unavailable'
  | 'bank_unreachable'
  | 'bank_too_slow'
  | 'bank_refused_gateway'
  | 'fault';

/** What a client is told: nothing that helps to guess, and for each status something to act upon. */
interface Denial {
  status: number;
  code: string;
  title: string;
  /** The `error` of `WWW-Authenticate` (RFC 6750, section 3.1), null for a challenge without one. */
  challenge?: string | null;
  retryAfterSeconds?: number;
}

const TOKEN_INVALID: Denial = {
  status: 401,
  code: 'token_invalid',
  title: 'The access token is not valid.',
  challenge: 'invalid_token',
};
const TOKEN_REVOKED: Denial = {
  status: 401,
  code: 'token_revoked',
  title: 'The access token is no longer alive. Log in again.',
  challenge: 'invalid_token',
};

const DENIALS: Record<DenialReason, Denial> = {
  target_not_canonical: { status: 400, code: 'path_invalid', title: 'The path is not in its plain form.' },
  request_malformed: { status: 400, code: 'request_malformed', title: 'The request is not valid HTTP.' },
  headers_too_large: { status: 431, code: 'headers_too_large', title: 'The request headers are too large.' },
  request_too_slow: { status: 408, code: 'request_timeout', title: 'The request took too long to arrive.' },
  body_too_large: { status: 413, code: 'body_too_large', title: 'The request body is too large.' },
  body_not_json: {
    status: 415,
    code: 'media_type_unsupported',
    title: 'The body has to be application/json.',
  },
  body_wrong: { status: 400, code: 'body_invalid', title: 'The body is not what this route wants.' },
  route_unknown: { status: 404, code: 'not_found', title: 'There is nothing here.' },
  credential_missing: {
    status: 401,
    code: 'credential_missing',
    title: 'An access token is needed.',
    challenge: null,
  },
  credential_malformed: {
    status: 400,
    code: 'credential_invalid',
    title: 'The Authorization header is not a bearer credential.',
    challenge: 'invalid_request',
  },
  credential_twice: {
    status: 400,
    code: 'credential_invalid',
    title: 'There is more than one credential.',
    challenge: 'invalid_request',
  },
  token_in_query: {
    status: 400,
    code: 'credential_invalid',
    title: 'An access token does not belong into a URL.',
    challenge: 'invalid_request',
  },
  csrf: { status: 403, code: 'origin_refused', title: 'The request does not come from this site.' },
  token_spelling: TOKEN_INVALID,
  token_header: TOKEN_INVALID,
  token_signature: TOKEN_INVALID,
  token_claims: TOKEN_INVALID,
  token_expired: { ...TOKEN_INVALID, code: 'token_expired', title: 'The access token has expired.' },
  token_not_alive: TOKEN_REVOKED,
  user_not_active: TOKEN_REVOKED,
  no_rule: { status: 403, code: 'forbidden', title: 'No rule allows this request.' },
  scope_missing: {
    status: 403,
    code: 'insufficient_scope',
    title: 'Your role does not allow this.',
    challenge: 'insufficient_scope',
  },
  login_wrong: {
    status: 401,
    code: 'login_failed',
    title: 'The user name or the password is wrong.',
    challenge: null,
  },
  login_throttled: { status: 429, code: 'login_throttled', title: 'There were too many failed log-ins.' },
  password_queue_full: {
    status: 429,
    code: 'too_busy',
    title: 'Too many log-ins are under way.',
    retryAfterSeconds: 1,
  },
  redis_unavailable: {
    status: 503,
    code: 'service_unavailable',
    title: 'The service is unavailable for a moment. Your session is not affected.',
    retryAfterSeconds: 1,
  },
  bank_unreachable: { status: 502, code: 'bank_unreachable', title: 'The bank could not be reached.' },
  bank_too_slow: { status: 504, code: 'bank_timeout', title: 'The bank did not answer in time.' },
  bank_refused_gateway: { status: 502, code: 'bank_refused', title: 'The bank did not accept the gateway.' },
  fault: { status: 500, code: 'internal_error', title: 'Something went wrong.' },
};

export interface FieldError {
  /** A path of member names divided by dots. */
  field: string;
  message: string;
}

export interface DenialExtras {
  retryAfterSeconds?: number;
  errors?: readonly FieldError[];
}

export const statusOf = (reason: DenialReason): number => DENIALS[reason].status;

/**
 * Answers with a problem (RFC 9457) and, where it is about a credential, a challenge (RFC 6750, section 3).
 * Does nothing when an answer has already begun.
 */
export function deny(
  outgoing: ServerResponse,
  refusal: Refusal<DenialReason>,
  requestId: string,
  extras: DenialExtras = {},
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const denial = DENIALS[refusal.reason];
  const body = problemBody(denial, requestId, extras.errors);
  outgoing.writeHead(denial.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...challengeHeader(denial),
    ...retryHeader(extras.retryAfterSeconds ?? denial.retryAfterSeconds),
  });
  outgoing.end(body);
}

/** The same answer as text on the wire, for a request so broken that there is no response object for it. */
export function rawDenial(reason: DenialReason, requestId: string): string {
  const denial = DENIALS[reason];
  const body = problemBody(denial, requestId, undefined);
  return [
    `HTTP/1.1 ${denial.status} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

function problemBody(denial: Denial, requestId: string, errors: readonly FieldError[] | undefined): string {
  const { status, code, title } = denial;
  const type = `urn:portcullis:problem:${code}`;
  return JSON.stringify({ type, title, status, code, request_id: requestId, ...(errors && { errors }) });
}

function challengeHeader({ challenge }: Denial): Record<string, string> {
  if (challenge === undefined) return {};
  const error = challenge === null ? '' : `, error="${challenge}"`;
  return { 'www-authenticate': `Bearer realm="portcullis"${error}` };
}

const retryHeader = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };
