/** The recorded actions. A failed login is `login` with the result `refused`. */
export const AUDIT_ACTIONS = [
  'login',
  'logout',
  'refresh_crossing',
  'refresh_reuse',
  'session_end',
  'sessions_end',
  'token_revoke',
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
  'client_add',
  'client_remove',
  'client_auth',
  'key_add',
  'key_sign',
  'key_retire',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface AuditEvent {
  action: AuditAction;
  result: 'done' | 'refused';
  /** The user id of the actor, `operator` for the command line, or undefined if unknown. */
  actor?: string | undefined;
  /** The user id, client id or key id that the action affected. */
  subject?: string | undefined;
  /** Session id. */
  session?: string | undefined;
  address?: string | undefined;
  requestId?: string | undefined;
  /** More information, such as a role or a reason. Never contains what a client sent. */
  detail?: string | undefined;
}

/** Once `record` resolves, the record is stored. @throws {RedisUnavailable} */
export interface AuditLog {
  record(event: AuditEvent, nowMs: number): Promise<void>;
}
