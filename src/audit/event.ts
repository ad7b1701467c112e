/** The recorded actions. A failed login is `login` with the result `refused`. */
export const AUDIT_ACTIONS = [
  'login',
  'logout',
  'refresh_crossing',
  'refresh_reuse',
  'session_end',
  'sessions_end',
  'token_revoke',
  'transfer',
  'account_read',
  'audit_read',
  'user_create',
  'user_register',
  'user_block',
  'user_unblock',
  'user_role',
  'user_ranges',
  'user_logout',
  'password_change',
  'password_reset_ask',
  'password_reset',
  'email_change_ask',
  'email_change',
  'client_add',
  'client_remove',
  'client_auth',
  'key_add',
  'key_sign',
  'key_retire',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `unknown`: the upstream did not say whether the action has taken effect. */
export const AUDIT_RESULTS = ['done', 'refused', 'unknown'] as const;

export interface AuditEvent {
  action: AuditAction;
  result: (typeof AUDIT_RESULTS)[number];
  /** The user id of the actor, `operator` for the command line, or undefined if unknown. */
  actor?: string | undefined;
  /** The role of the actor at that time; of the subject if there is no actor. Undefined if unknown. */
  role?: string | undefined;
  /** The name of the operating system's user, on the command line. */
  operator?: string | undefined;
  /** The user id, client id or key id that the action affected. */
  subject?: string | undefined;
  /** The account that a transfer was sent from. */
  account?: string | undefined;
  /** Session id. */
  session?: string | undefined;
  address?: string | undefined;
  requestId?: string | undefined;
  /** The status of the response, for an action of the upstream. */
  status?: number | undefined;
  /** How many actions the record stands for, if it is a summary. */
  count?: number | undefined;
  /** More information, such as a role or a reason. Never contains free text that a client sent. */
  detail?: string | undefined;
}

/** A read that is recorded in a summary: one record for each actor, target and minute. */
export interface AuditedRead {
  action: 'account_read' | 'audit_read';
  /** User id. */
  actor: string;
  role: string;
  address: string;
  /** The path, with `*` for what differs. */
  target: string;
  account?: string | undefined;
}

export interface AuditLog {
  /**
   * Once it resolves, the record is stored, or counted for a summary if its actor has exceeded their rate.
   * @throws {RedisUnavailable}
   */
  record(event: AuditEvent, nowMs: number): Promise<void>;
  /** Counts a read for the summary of its minute. */
  noteRead(read: AuditedRead, nowMs: number): void;
}
