import { networkOf } from '../http/addresses.ts';
import type { AuditAction, AuditEvent } from './event.ts';

/**
 * The two audit logs. Each has a hash chain and a maximum of its own, so that no customer can push out records of
 * staff, of operators or of security events.
 */
export const AUDIT_LOGS = ['security', 'customers'] as const;
export type AuditLogName = (typeof AUDIT_LOGS)[number];

/** The maximum numbers of records of one log. */
export interface AuditLimits {
  /** Above this, the oldest records are removed once they have been exported. */
  recordsMax: number;
  /** Above this, the oldest records are removed even if they have not been exported. */
  unexportedMax: number;
}

/** Settings that say how the audit logs are written. */
export interface AuditSettings {
  auditRecordsMax: number;
  auditCustomerRecordsMax: number;
  auditUnexportedPercent: number;
}

/** The limits of each log. */
export function auditLimits(settings: AuditSettings): Record<AuditLogName, AuditLimits> {
  const limits = (recordsMax: number): AuditLimits => ({
    recordsMax,
    unexportedMax: Math.floor((recordsMax * settings.auditUnexportedPercent) / 100),
  });
  return { security: limits(settings.auditRecordsMax), customers: limits(settings.auditCustomerRecordsMax) };
}

/** Actions of staff and of operators. */
const STAFF_ACTIONS: readonly AuditAction[] = [
  'user_create',
  'user_block',
  'user_unblock',
  'user_role',
  'user_ranges',
  'user_logout',
  'client_add',
  'client_remove',
  'key_add',
  'key_sign',
  'key_retire',
];

/** Actions that belong to the security log whoever the actor is. */
const SECURITY_ACTIONS: ReadonlySet<AuditAction> = new Set<AuditAction>([
  ...STAFF_ACTIONS,
  'refresh_reuse',
  'account_read',
  'audit_read',
]);

export const isStaffRole = (role: string | undefined): boolean => role !== undefined && role !== 'user';

/** The log that an event belongs to. */
export const logOf = ({ action, role, operator }: AuditEvent): AuditLogName =>
  SECURITY_ACTIONS.has(action) || isStaffRole(role) || operator !== undefined ? 'security' : 'customers';

/** Changes of credentials and signs of a thief. */
const CREDENTIAL_ACTIONS: readonly AuditAction[] = [
  'password_change',
  'password_reset',
  'email_change',
  'refresh_reuse',
];

/** Those whose refusals have no limit of their own. */
const CREDENTIAL_ACTIONS_IF_DONE: readonly AuditAction[] = ['login', 'email_change_ask'];

/**
 * Whether each event gets a record of its own, however many there are: what staff and operators do to others, logins,
 * and what changes credentials. So nobody can hide these behind a flood of other events of the same actor.
 */
export const isAlwaysRecorded = ({ action, result, actor, role, subject }: AuditEvent): boolean =>
  STAFF_ACTIONS.includes(action) ||
  CREDENTIAL_ACTIONS.includes(action) ||
  (result === 'done' && CREDENTIAL_ACTIONS_IF_DONE.includes(action)) ||
  (isStaffRole(role) && actor !== undefined && subject !== undefined && subject !== actor);

/**
 * Who is counted as the actor of an event: a user, or a client's network. An event without an actor, such as a failed
 * login, is not counted for the user whom it concerns: it would take other work if there is no such user.
 */
export const countedActor = ({ actor, subject, address }: AuditEvent): string =>
  actor ?? (address === undefined ? (subject ?? '') : networkOf(address));
