import { problem } from '../../http/problem.ts';
import {
  BEARER,
  bindingRequired,
  dpopChallenge,
  nonceRequired,
  proofInvalid,
  TOKEN_PROBLEMS,
} from './token-problems.ts';

const INVALID_REQUEST = { challenge: `${BEARER}, error="invalid_request"` };

const credentialInvalid = (title: string) => problem(400, 'credential_invalid', title, INVALID_REQUEST);
const loginFailed = problem(401, 'login_failed', 'The username or password is wrong.', { challenge: BEARER });

const rateLimited = problem(429, 'rate_limited', 'Too many requests. Try again later.');

/** Every reason for a refusal by the gateway. The reason is logged; the client gets its code. */
export const GATEWAY_PROBLEMS = {
  target_not_canonical: problem(400, 'path_invalid', 'The request path is not in canonical form.'),
  path_too_long: problem(414, 'path_too_long', 'The request path is too long.'),
  request_malformed: problem(400, 'request_malformed', 'The request is not valid HTTP.'),
  headers_too_large: problem(431, 'headers_too_large', 'The request headers are too large.'),
  request_too_slow: problem(408, 'request_timeout', 'The request was not received in time.'),
  body_too_large: problem(413, 'body_too_large', 'The request body is too large.'),
  body_not_json: problem(415, 'media_type_unsupported', 'The request body must be application/json.'),
  body_wrong: problem(400, 'body_invalid', 'Invalid request body.'),
  query_wrong: problem(400, 'query_invalid', 'Invalid query parameters.'),
  route_unknown: problem(404, 'not_found', 'Not found.'),

  credential_missing: problem(401, 'credential_missing', 'An access token is required.', {
    challenge: `${BEARER}, ${dpopChallenge()}`,
  }),
  credential_malformed: credentialInvalid(
    'The Authorization header has neither a bearer nor a DPoP credential.',
  ),
  credential_twice: credentialInvalid('The request has more than one credential.'),
  token_in_query: credentialInvalid('Access tokens must not be sent in the URL.'),
  csrf: problem(403, 'origin_refused', 'The request does not come from this site.'),
  ...TOKEN_PROBLEMS,
  login_binding_required: bindingRequired(403),
  no_rule: problem(403, 'forbidden', 'No rule allows this request.'),
  scope_missing: problem(403, 'insufficient_scope', 'Your role does not allow this.', {
    challenge: `${BEARER}, error="insufficient_scope"`,
  }),

  login_wrong: loginFailed,
  login_throttled: problem(429, 'login_throttled', 'Too many failed login attempts.'),
  login_rate_exceeded: problem(
    429,
    'login_rate_exceeded',
    'There have been too many logins to this account. Try again in a minute.',
  ),
  password_queue_full: problem(429, 'too_busy', 'Too many logins are in progress.', { retryAfterSeconds: 1 }),
  too_many_sessions: problem(403, 'too_many_sessions', 'Too many active sessions. End a session first.'),
  password_wrong: problem(403, 'password_wrong', 'The current password is wrong.'),
  reset_invalid: problem(
    400,
    'reset_token_invalid',
    'The reset token is invalid or has already been used. Request a new one.',
  ),
  email_token_invalid: problem(
    400,
    'email_token_invalid',
    'The link is invalid, has expired or has already been used. Enter the email address again.',
  ),
  reset_undeliverable: problem(
    409,
    'reset_undeliverable',
    'The user has no confirmed email address, or emails are not set up. Nothing has been changed.',
  ),
  rate_limited: problem(429, 'throttled', 'Too many requests of this kind. Try again later.'),
  mail_unavailable: problem(
    503,
    'mail_unavailable',
    'The email could not be sent; all other changes were applied.',
    { retryAfterSeconds: 10 },
  ),
  session_unknown: problem(404, 'session_unknown', 'The session does not exist.'),
  data_key_wrong: problem(400, 'data_key_invalid', 'The key of the session data is not valid.'),
  data_unknown: problem(404, 'data_unknown', 'The session has no data under this key.'),
  session_data_full: problem(413, 'session_data_full', 'The session data would exceed its maximum size.'),

  user_unknown: problem(404, 'user_unknown', 'The user does not exist.'),
  username_taken: problem(409, 'username_taken', 'The username is taken.'),
  own_account: problem(403, 'own_account', 'You cannot do this to your own account.'),
  rank_too_low: problem(403, 'rank_too_low', 'You can only manage users with a lower role than yours.'),
  last_super_admin: problem(
    409,
    'last_super_admin',
    'One active super-admin without address ranges must remain.',
  ),

  body_not_form: problem(
    415,
    'media_type_unsupported',
    'The request body must be application/x-www-form-urlencoded.',
  ),
  client_wrong: problem(401, 'client_invalid', 'The client is unknown or could not be authenticated.', {
    challenge: 'Basic realm="portcullis"',
  }),
  login_client_unknown: problem(400, 'client_invalid', 'The client is unknown or not registered for logins.'),
  client_certificate_malformed: problem(
    400,
    'client_certificate_invalid',
    'The client certificate that the proxy has passed on is malformed.',
  ),
  client_twice: problem(400, 'client_credential_twice', 'The client authenticates in more than one way.'),
  client_throttled: problem(429, 'client_throttled', 'Too many failed client authentications.'),
  client_not_permitted: problem(400, 'client_not_permitted', 'The client is not registered for this use.'),
  grant_invalid: problem(400, 'refresh_token_invalid', 'The refresh token is not valid. Log in again.'),
  grant_proof_invalid: proofInvalid(400),
  grant_nonce_required: nonceRequired(400),
  grant_unsupported: problem(
    400,
    'grant_type_unsupported',
    'The only supported grant type is refresh_token.',
  ),
  scope_unsupported: problem(
    400,
    'scope_unsupported',
    'Scopes cannot be requested. A token has the scopes of its user.',
  ),

  redis_unavailable: problem(
    503,
    'service_unavailable',
    'The service is temporarily unavailable. Your session is not affected.',
    { retryAfterSeconds: 1 },
  ),
  stopping: problem(503, 'stopping', 'The service is stopping.', { retryAfterSeconds: 1 }),
  revocation_not_durable: problem(
    503,
    'revocation_not_durable',
    'The change has been made, but too few servers have confirmed it. Please try again.',
    { retryAfterSeconds: 1 },
  ),
  network_rate_exceeded: rateLimited,
  user_rate_exceeded: rateLimited,
  transfer_rate_exceeded: problem(429, 'transfers_limited', 'Too many transfers. Try again later.'),
  session_change_rate_exceeded: rateLimited,
  too_many_searches: problem(429, 'too_many_searches', 'You have too many concurrent searches.', {
    retryAfterSeconds: 1,
  }),
  too_many_under_way: problem(429, 'too_many_requests', 'You have too many concurrent requests.', {
    retryAfterSeconds: 1,
  }),
  too_many_streams: problem(429, 'too_many_streams', 'You have too many open event streams.', {
    retryAfterSeconds: 5,
  }),
  bodies_full: problem(503, 'uploads_busy', 'The service is receiving too much data. Please try again.', {
    retryAfterSeconds: 1,
  }),
  bank_streams_full: problem(
    503,
    'streams_busy',
    'There are too many open event streams. Please try again.',
    {
      retryAfterSeconds: 5,
    },
  ),
  bank_busy: problem(503, 'bank_busy', 'The service is busy. Please try again.', { retryAfterSeconds: 1 }),
  bank_unreachable: problem(502, 'bank_unreachable', 'The upstream service could not be reached.'),
  bank_too_slow: problem(504, 'bank_timeout', 'The upstream service did not respond in time.'),
  bank_refused_gateway: problem(502, 'bank_refused', 'The upstream service rejected the gateway.'),
  fault: problem(500, 'internal_error', 'Something went wrong.'),
} as const;

export type GatewayReason = keyof typeof GATEWAY_PROBLEMS;
