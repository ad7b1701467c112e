/** What is recorded. A failed log-in is `login` with the result `refused`. */
export const AUDIT_ACTIONS = [
  'login',
  'logout',
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
  /** User id of who did it, `operator` for the command line, or nothing when nobody is known. */
  actor?: string | undefined;
  /** User id, client id or key id of whom or what it was done to. */
  subject?: string | undefined;
  /** Session id. */
  session?: string | undefined;
  address?: string | undefined;
  requestId?: string | undefined;
  /** What else there is to know, such as a role or a reason; never what a client sent. */
  detail?: string | undefined;
}

/** Where records go. When `record` resolves, the record is kept. @throws {RedisUnavailable} */
export interface AuditTrail {
  record(event: AuditEvent, nowMs: number): Promise<void>;
}
