import { Refusal } from '../../refusal.ts';
import { type Arrival, type DecisionSubject, refuse } from '../request-context.ts';
import { OAUTH_ERRORS, type OauthRefusalReason } from './oauth-table.ts';
import type { DenialExtras } from './send.ts';

/** A "no" on one of the routes of the OAuth standards, with what the client needs to mend it. */
export class OauthRefusal extends Refusal<OauthRefusalReason> {
  readonly extras: DenialExtras;

  constructor(reason: OauthRefusalReason, extras: DenialExtras = {}, detail?: string) {
    super(reason, detail);
    this.extras = extras;
  }
}

/**
 * Answers as RFC 6749, section 5.2, demands: plain JSON with an `error`. All members of the gateway's problems are
 * there too, so that one reader of `code` understands every route.
 */
export function refuseOauth(
  arrival: Arrival,
  refusal: OauthRefusal,
  subject: DecisionSubject = {},
): Response {
  return refuse(arrival, refusal, subject, {
    ...refusal.extras,
    oauthError: OAUTH_ERRORS[refusal.reason],
  });
}
