import { Counter } from '../metrics/counter.ts';
import type { Metric } from '../metrics/metric.ts';
import { AUDIT_ACTIONS, AUDIT_RESULTS, type AuditAction, type AuditEvent } from './event.ts';

/** The actions that end sessions or tokens, or that change what their user may do. */
const REVOCATIONS = [
  'logout',
  'session_end',
  'sessions_end',
  'token_revoke',
  'refresh_reuse',
  'user_logout',
  'user_block',
  'user_role',
  'user_ranges',
  'password_change',
  'password_reset',
] as const satisfies readonly AuditAction[];

/** What one process has done, by the events that it records. Each event counts, summarized or not. */
export class AuditCounters {
  readonly #events = new Counter(
    'portcullis_audit_events_total',
    'Events for the audit logs by action and result, those of summaries included.',
    { action: AUDIT_ACTIONS, result: AUDIT_RESULTS },
  );
  readonly #revocations = new Counter(
    'portcullis_revocations_total',
    'Revocations that this process has made, by the action that caused them.',
    { action: REVOCATIONS },
  );
  readonly metrics: readonly Metric[] = [this.#events, this.#revocations];

  count({ action, result }: Pick<AuditEvent, 'action' | 'result'>): void {
    this.#events.add(action, result);
    if (result === 'done') this.#revocations.add(action);
  }
}
