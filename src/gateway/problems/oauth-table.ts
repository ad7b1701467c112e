import type { ProblemDefinition } from './table.ts';

/** What is said no to on the routes of the OAuth standards only. */
export type OauthReason =
  | 'body_not_form'
  | 'client_wrong'
  | 'client_twice'
  | 'client_throttled'
  | 'client_not_permitted'
  | 'grant_invalid'
  | 'grant_unsupported'
  | 'scope_unsupported';

export const OAUTH_PROBLEMS: Record<OauthReason, ProblemDefinition> = {
  body_not_form: {
    status: 415,
    code: 'media_type_unsupported',
    title: 'The body has to be application/x-www-form-urlencoded.',
  },
  client_wrong: {
    status: 401,
    code: 'client_invalid',
    title: 'The client is not known or did not prove who it is.',
    challenge: null,
    challengeScheme: 'Basic',
  },
  client_twice: {
    status: 400,
    code: 'client_credential_twice',
    title: 'The client authenticates in more than one way.',
  },
  client_throttled: {
    status: 429,
    code: 'client_throttled',
    title: 'There were too many failed client authentications.',
  },
  client_not_permitted: {
    status: 400,
    code: 'client_not_permitted',
    title: 'The client is not registered for this.',
  },
  grant_invalid: {
    status: 400,
    code: 'refresh_token_invalid',
    title: 'The refresh token is not valid. Log in again.',
  },
  grant_unsupported: {
    status: 400,
    code: 'grant_type_unsupported',
    title: 'The only grant type here is refresh_token.',
  },
  scope_unsupported: {
    status: 400,
    code: 'scope_unsupported',
    title: 'A token has the scopes of its user; no others can be asked for.',
  },
};

/** Every reason for which these routes say no, with its `error` (RFC 6749, section 5.2). */
export const OAUTH_ERRORS = {
  body_not_form: 'invalid_request',
  body_too_large: 'invalid_request',
  body_wrong: 'invalid_request',
  query_wrong: 'invalid_request',
  client_twice: 'invalid_request',
  client_wrong: 'invalid_client',
  client_throttled: 'temporarily_unavailable',
  client_not_permitted: 'unauthorized_client',
  grant_invalid: 'invalid_grant',
  grant_unsupported: 'unsupported_grant_type',
  scope_unsupported: 'invalid_scope',
} as const;

export type OauthRefusalReason = keyof typeof OAUTH_ERRORS;
