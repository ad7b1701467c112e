import type { Refusal } from '../../../refusal.ts';
import { type DecisionSubject, refuse } from '../../decision-log.ts';
import { GATEWAY_PROBLEMS } from '../../problems/table.ts';
import type { RequestContext } from '../../request-context.ts';

/** The `error` (RFC 6749, section 5.2; RFC 9449, section 5) of every reason for which an OAuth endpoint refuses a request. */
export const OAUTH_ERRORS = {
  body_not_form: 'invalid_request',
  body_too_large: 'invalid_request',
  request_too_slow: 'invalid_request',
  body_wrong: 'invalid_request',
  query_wrong: 'invalid_request',
  client_twice: 'invalid_request',
  client_wrong: 'invalid_client',
  client_throttled: 'temporarily_unavailable',
  session_change_rate_exceeded: 'temporarily_unavailable',
  client_not_permitted: 'unauthorized_client',
  grant_invalid: 'invalid_grant',
  grant_proof_invalid: 'invalid_dpop_proof',
  grant_nonce_required: 'use_dpop_nonce',
  grant_unsupported: 'unsupported_grant_type',
  scope_unsupported: 'invalid_scope',
} as const;

export type OauthReason = keyof typeof OAUTH_ERRORS;

/**
 * Refuses as RFC 6749, section 5.2, demands: plain JSON with an `error`. The body has all members of a problem too, so
 * that clients can handle the `code` of every route alike.
 */
export const refuseOauth = (
  context: RequestContext,
  refusal: Refusal<OauthReason>,
  subject?: DecisionSubject,
): Response =>
  refuse(context, refusal, subject, {
    ...GATEWAY_PROBLEMS[refusal.reason],
    oauthError: OAUTH_ERRORS[refusal.reason],
  });
