import type { AuditAction } from '../../../audit/event.ts';
import type { AuditRecord } from '../../api/admin.ts';

export const ACTION_LABELS: Record<AuditAction, string> = {
  login: 'Login',
  logout: 'Logout',
  refresh_crossing: 'Refresh token used twice at once',
  refresh_reuse: 'Stolen refresh token used',
  session_end: 'Session ended',
  sessions_end: 'Own sessions ended',
  token_revoke: 'Token revoked',
  transfer: 'Transfer',
  account_read: 'Customer account read',
  audit_read: 'Audit trail read',
  user_create: 'User created',
  user_register: 'User registered',
  user_block: 'User blocked',
  user_unblock: 'User unblocked',
  user_role: 'Role changed',
  user_ranges: 'Allowed addresses changed',
  user_logout: 'All sessions ended by staff',
  password_change: 'Password changed',
  password_reset_ask: 'Password reset requested',
  password_reset: 'Password chosen after a reset',
  email_change_ask: 'Change of email address requested',
  email_change: 'Email address changed',
  client_add: 'Client registered',
  client_remove: 'Client removed',
  client_auth: 'Client authentication',
  key_add: 'Signing key added',
  key_sign: 'Signing key activated',
  key_retire: 'Signing key retired',
};

/** For a record whose result is `refused`, which follows the label. */
const REFUSED_LABELS: Partial<Record<AuditAction, string>> = {
  session_end: 'Session end',
  sessions_end: 'End of own sessions',
  token_revoke: 'Token revocation',
  user_create: 'User creation',
  user_register: 'User registration',
  user_block: 'User block',
  user_unblock: 'User unblock',
  user_role: 'Role change',
  user_ranges: 'Change of allowed addresses',
  user_logout: 'End of all sessions by staff',
  password_change: 'Password change',
  password_reset_ask: 'Password reset request',
  password_reset: 'Password choice after a reset',
  email_change_ask: 'Request to change the email address',
};

export function actionLabel({ action, result }: AuditRecord): string {
  if (action === undefined) return 'Unreadable record';
  const known = action as AuditAction;
  const label = ACTION_LABELS[known] ?? action;
  return result === 'refused' ? (REFUSED_LABELS[known] ?? label) : label;
}

/** A reason's code as words, the sessions that a login has ended, or any other detail as it is. */
export function detailText(detail: string): string {
  const endedSessions = ENDED_SESSIONS.exec(detail)?.[1];
  if (endedSessions !== undefined) return `ended session ${endedSessions}`;
  return CODE.test(detail) ? detail.replaceAll('_', ' ') : detail;
}

const ENDED_SESSIONS = /^ended for it: (.+)$/;
const CODE = /^[a-z]+(?:_[a-z]+)+$/;

/** Subjects of these actions are not users. */
const ABOUT_NO_USER = /^(?:client|key)_/;
const USER_ID = /^[\w-]{22}$/;

/** The ids in these records that may be users', each once. */
export function userIdsIn(records: readonly Pick<AuditRecord, 'action' | 'actor' | 'subject'>[]): string[] {
  const ids = records.flatMap(({ action = '', actor, subject }) =>
    ABOUT_NO_USER.test(action) ? [actor] : [actor, subject],
  );
  return [...new Set(ids.filter((id) => id !== undefined && USER_ID.test(id)))] as string[];
}

/** The id of an entry in a Redis stream: milliseconds since 1970 and a number. */
const CURSOR = /^(\d+)-\d+(?:\.security)?$/;

/** The instant (RFC 3339) of the oldest record that was searched for the page with this `next_cursor`. */
export function searchedBackTo(cursor: string): string | undefined {
  const ms = Number(CURSOR.exec(cursor)?.[1] ?? Number.NaN);
  const instant = new Date(ms);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}
