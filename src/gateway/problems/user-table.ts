import type { ProblemDefinition } from './table.ts';

/** Why the gateway says no where users, their passwords and their rights are changed. */
export type UserReason =
  | 'user_changed'
  | 'password_wrong'
  | 'reset_invalid'
  | 'act_throttled'
  | 'mail_unavailable'
  | 'user_unknown'
  | 'username_taken'
  | 'own_account'
  | 'rank_too_low'
  | 'last_super_admin';

export const USER_PROBLEMS: Record<UserReason, ProblemDefinition> = {
  user_changed: {
    status: 401,
    code: 'login_failed',
    title: 'The user name or the password is wrong.',
    challenge: null,
  },
  password_wrong: { status: 403, code: 'password_wrong', title: 'The current password is wrong.' },
  reset_invalid: {
    status: 400,
    code: 'reset_token_invalid',
    title: 'The reset token is not valid or was used. Ask for another one.',
  },
  act_throttled: { status: 429, code: 'throttled', title: 'There were too many such requests.' },
  mail_unavailable: {
    status: 503,
    code: 'mail_unavailable',
    title: 'The mail could not be sent. All else was done.',
    retryAfterSeconds: 10,
  },
  user_unknown: { status: 404, code: 'user_unknown', title: 'There is no such user.' },
  username_taken: { status: 409, code: 'username_taken', title: 'The user name is taken.' },
  own_account: { status: 403, code: 'own_account', title: 'Nobody may do this to their own account.' },
  rank_too_low: { status: 403, code: 'rank_too_low', title: "Your role does not reach this user's." },
  last_super_admin: {
    status: 409,
    code: 'last_super_admin',
    title: 'There has to be another active super-admin first.',
  },
};
