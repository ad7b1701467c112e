import type { TokenReason } from '../../jwt/access-token.ts';
import type { RefreshReason } from '../../sessions/refresh.ts';
import type { WhitelistReason } from '../../sessions/whitelist.ts';
import { OAUTH_PROBLEMS, type OauthReason } from './oauth-table.ts';
import { USER_PROBLEMS, type UserReason } from './user-table.ts';

/** Every reason for which the gateway itself says no. The log has the reason; the client gets its code. */
export type RefusalReason =
  | 'target_not_canonical'
  | 'request_malformed'
  | 'headers_too_large'
  | 'request_too_slow'
  | 'body_too_large'
  | 'body_not_json'
  | 'body_wrong'
  | 'query_wrong'
  | 'route_unknown'
  | 'session_unknown'
  | 'data_unknown'
  | 'data_key_wrong'
  | 'session_data_full'
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_twice'
  | 'token_in_query'
  | 'csrf'
  | TokenReason
  | WhitelistReason
  | 'address_refused'
  | RefreshReason
  | 'too_many_sessions'
  | 'no_rule'
  | 'scope_missing'
  | 'login_wrong'
  | UserReason
  | 'login_throttled'
  | 'password_queue_full'
  | OauthReason
  | 'redis_unavailable'
  | 'too_many_under_way'
  | 'bank_busy'
  | 'bank_unreachable'
  | 'bank_too_slow'
  | 'bank_refused_gateway'
  | 'fault';

/** What a client is told: nothing that helps to guess, and for each status something to act upon. */
export interface ProblemDefinition {
  status: number;
  code: string;
  title: string;
  /** The `error` of `WWW-Authenticate` (RFC 6750, section 3.1), null for a challenge without one. */
  challenge?: string | null;
  /** `Bearer` unless given. */
  challengeScheme?: 'Basic';
  retryAfterSeconds?: number;
}

const TOKEN_INVALID: ProblemDefinition = {
  status: 401,
  code: 'token_invalid',
  title: 'The access token is not valid.',
  challenge: 'invalid_token',
};
const TOKEN_REVOKED: ProblemDefinition = {
  status: 401,
  code: 'token_revoked',
  title: 'The access token is no longer alive. Log in again.',
  challenge: 'invalid_token',
};

const REFRESH_INVALID: ProblemDefinition = {
  status: 401,
  code: 'refresh_token_invalid',
  title: 'The refresh token is not valid. Log in again.',
  challenge: 'invalid_token',
};

export const GATEWAY_PROBLEMS: Record<RefusalReason, ProblemDefinition> = {
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
  query_wrong: { status: 400, code: 'query_invalid', title: 'The query is not what this route wants.' },
  route_unknown: { status: 404, code: 'not_found', title: 'There is nothing here.' },
  session_unknown: { status: 404, code: 'session_unknown', title: 'There is no such session.' },
  data_key_wrong: { status: 400, code: 'data_key_invalid', title: 'No data can be kept under such a key.' },
  data_unknown: { status: 404, code: 'data_unknown', title: 'Nothing is kept under this key.' },
  session_data_full: { status: 413, code: 'session_data_full', title: 'The session keeps no more data.' },
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
  session_over: TOKEN_REVOKED,
  refresh_invalid: REFRESH_INVALID,
  refresh_over: REFRESH_INVALID,
  refresh_reused: REFRESH_INVALID,
  address_refused: { status: 403, code: 'address_refused', title: 'Not from this address.' },
  too_many_sessions: {
    status: 403,
    code: 'too_many_sessions',
    title: 'You are logged in too often. End a session first.',
  },
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
  ...USER_PROBLEMS,
  login_throttled: { status: 429, code: 'login_throttled', title: 'There were too many failed log-ins.' },
  password_queue_full: {
    status: 429,
    code: 'too_busy',
    title: 'Too many log-ins are under way.',
    retryAfterSeconds: 1,
  },
  ...OAUTH_PROBLEMS,
  redis_unavailable: {
    status: 503,
    code: 'service_unavailable',
    title: 'The service is unavailable for a moment. Your session is not affected.',
    retryAfterSeconds: 1,
  },
  too_many_under_way: {
    status: 429,
    code: 'too_many_requests',
    title: 'Too many of your requests are under way.',
    retryAfterSeconds: 1,
  },
  bank_busy: {
    status: 503,
    code: 'bank_busy',
    title: 'Too many requests wait for the bank.',
    retryAfterSeconds: 1,
  },
  bank_unreachable: { status: 502, code: 'bank_unreachable', title: 'The bank could not be reached.' },
  bank_too_slow: { status: 504, code: 'bank_timeout', title: 'The bank did not answer in time.' },
  bank_refused_gateway: { status: 502, code: 'bank_refused', title: 'The bank did not accept the gateway.' },
  fault: { status: 500, code: 'internal_error', title: 'Something went wrong.' },
};
