import { Refusal } from '../../refusal.ts';
import { type DecisionSubject, type RequestContext, refuse } from '../request-context.ts';
import { OAUTH_ERRORS, type OauthRefusalReason } from './oauth-table.ts';
import type { ProblemOptions } from './send.ts';

/** A "no" on one of the routes of the OAuth standards, with what the client needs to mend it. */
export class OauthRefusal extends Refusal<OauthRefusalReason> {
  readonly extras: ProblemOptions;

  constructor(reason: OauthRefusalReason, extras: ProblemOptions = {}, detail?: string) {
    super(reason, detail);
    this.extras = extras;
  }
}

/**
 * Answers as RFC 6749, section 5.2, demands: plain JSON with an `error`. All members of the gateway's problems are
 * there too, so that one reader of `code` understands every route.
 */
export function refuseOauth(
  arrival: RequestContext,
  refusal: OauthRefusal,
  subject: DecisionSubject = {},
): Response {
  return refuse(arrival, refusal, subject, {
    ...refusal.extras,
    oauthError: OAUTH_ERRORS[refusal.reason],
  });
}
