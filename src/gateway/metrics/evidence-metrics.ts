import type { RedisAuditLog } from '../../audit/audit-log.ts';
import { AUDIT_LOGS, type AuditLimits, type AuditLogName } from '../../audit/logs.ts';
import type { OpenRing } from '../../keys/open.ts';
import type { SigningTimes } from '../../keys/schedule.ts';
import { gauge, gaugeBy, type LabeledValues, ReadMetric } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';

/** What the metrics of the audit logs and of the keys read. */
export interface MeasuredEvidence {
  audit: Pick<RedisAuditLog, 'exportState'>;
  auditLimits: Record<AuditLogName, AuditLimits>;
  ring: Pick<OpenRing, 'signingTimes'>;
  now: () => number;
}

type AuditLogState = ReturnType<RedisAuditLog['exportState']>[AuditLogName];

/** The audit logs as this process last saw them, and the key that signs. */
export const evidenceMetrics = (of: MeasuredEvidence): Metric[] => [...auditMetrics(of), ...keyMetrics(of)];

const auditMetrics = (of: MeasuredEvidence): Metric[] => [
  gaugeBy(
    'log',
    'portcullis_audit_records',
    'Approximate number of records in an audit log, as last seen; absent until this process has written one.',
    () => byLog(of, ({ stored }) => stored),
  ),
  gaugeBy(
    'log',
    'portcullis_audit_unexported_records',
    'Records of an audit log that have not been exported, as last seen; absent until this process has written one.',
    () => byLog(of, ({ unexported }) => unexported),
  ),
  gaugeBy(
    'log',
    'portcullis_audit_unexported_ratio',
    'Records that have not been exported, as a share of the number beyond which the oldest are lost.',
    () => byLog(of, ({ unexported }, { unexportedMax }) => unexported / unexportedMax),
  ),
  gaugeBy(
    'log',
    'portcullis_audit_lost_records',
    'Records that were removed before they had been exported, since the last export.',
    () => byLog(of, ({ lost }) => lost),
  ),
  new ReadMetric(
    'counter',
    {
      name: 'portcullis_audit_records_not_stored_total',
      help: 'Records that could not be stored. The log of the process has them.',
      label: 'log',
    },
    () => Object.fromEntries(AUDIT_LOGS.map((log) => [log, of.audit.exportState()[log].notStored])),
  ),
];

/** A number of each log that this process knows. */
function byLog(
  { audit, auditLimits }: MeasuredEvidence,
  read: (state: AuditLogState, limits: AuditLimits) => number | undefined,
): LabeledValues {
  const states = audit.exportState();
  const known = AUDIT_LOGS.filter((log) => states[log].stored !== undefined);
  return Object.fromEntries(known.map((log) => [log, read(states[log], auditLimits[log])]));
}

const keyMetrics = (of: MeasuredEvidence): Metric[] => [
  gauge(
    'portcullis_signing_key_age_seconds',
    'How long the present key has been signing, in seconds; absent with SIGNING_KEY.',
    () => signingSeconds(of, ({ sinceMs }, nowMs) => nowMs - sinceMs),
  ),
  gauge(
    'portcullis_signing_key_remaining_seconds',
    'Time until another key signs, in seconds; absent if none has been published.',
    () => signingSeconds(of, ({ untilMs }, nowMs) => untilMs && untilMs - nowMs),
  ),
];

function signingSeconds(
  { ring, now }: MeasuredEvidence,
  read: (times: SigningTimes, nowMs: number) => number | undefined,
): number | undefined {
  const times = ring.signingTimes(now());
  const ms = times && read(times, now());
  return ms && ms / 1000;
}
