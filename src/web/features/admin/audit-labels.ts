import type { AuditAction } from '../../../audit/event.ts';
import type { AuditRecord } from '../../api/admin.ts';

/** Each action as staff read it. */
export const ACTION_WORDS: Record<AuditAction, string> = {
  login: 'Log-in',
  logout: 'Log-out',
  refresh_reuse: 'Stolen refresh token used',
  session_end: 'One session ended',
  sessions_end: 'Own sessions ended',
  token_revoke: 'Token revoked',
  user_create: 'User created',
  user_register: 'User registered',
  user_block: 'User blocked',
  user_unblock: 'User unblocked',
  user_role: 'Role given',
  user_ranges: 'Allowed addresses changed',
  user_logout: 'All sessions ended by staff',
  password_change: 'Password changed',
  password_reset_ask: 'Password reset asked for',
  password_reset: 'Password chosen after a reset',
  client_add: 'Client registered',
  client_remove: 'Client removed',
  client_auth: 'Client authentication',
  key_add: 'Signing key added',
  key_sign: 'Signing key put to use',
  key_retire: 'Signing key retired',
};

/** Subjects of these are not users. */
const ABOUT_NO_USER = /^(?:client|key)_/;
const USER_ID = /^[\w-]{22}$/;
/** What the gateway calls its reasons. */
const CODE = /^[a-z]+(?:_[a-z]+)+$/;
/** An id of an entry in a stream of Redis: milliseconds since 1970, and a number. */
const CURSOR = /^(\d+)-\d+$/;

/** What else the record says: a reason in words, everything else as it is. */
export const detailWords = (detail: string): string =>
  CODE.test(detail) ? detail.replaceAll('_', ' ') : detail;

/** The ids in these records that may be users', each once. */
export function userIdsIn(records: readonly AuditRecord[]): string[] {
  const ids = records.flatMap(({ action = '', actor, subject }) =>
    ABOUT_NO_USER.test(action) ? [actor] : [actor, subject],
  );
  return [...new Set(ids.filter((id) => id !== undefined && USER_ID.test(id)))] as string[];
}

/** The instant (RFC 3339) of the oldest record that was looked at for the page with this `next_cursor`. */
export function lookedBackTo(cursor: string): string | undefined {
  const ms = Number(CURSOR.exec(cursor)?.[1] ?? Number.NaN);
  const instant = new Date(ms);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}
