import type { Metric, Sample } from '../metrics/metric.ts';
import type { MetricSnapshot } from './messages.ts';

/**
 * Gauges that all workers know of one thing outside of them, or that cannot be added up. All other gauges are added up,
 * like counters and histograms.
 */
export const GAUGES_NOT_ADDED: Readonly<Record<string, 'max' | 'min'>> = {
  portcullis_audit_records: 'max',
  portcullis_audit_unexported_records: 'max',
  portcullis_audit_unexported_ratio: 'max',
  portcullis_audit_lost_records: 'max',
  portcullis_signing_key_age_seconds: 'max',
  portcullis_signing_key_remaining_seconds: 'min',
  portcullis_revocation_journal_entries: 'max',
  portcullis_redis_connected: 'min',
  portcullis_redis_server_up: 'min',
  portcullis_redis_memory_used_bytes: 'max',
  portcullis_redis_memory_max_bytes: 'max',
  portcullis_redis_replicas: 'max',
  portcullis_redis_replica_behind_bytes: 'max',
  portcullis_redis_replica_lag_seconds: 'max',
  portcullis_redis_clock_ahead_seconds: 'max',
  portcullis_build_info: 'max',
  process_start_time_seconds: 'min',
};

/** The present values of metrics. */
export const snapshotOf = (metrics: readonly Metric[]): MetricSnapshot[] =>
  metrics.map((metric) => ({ definition: metric.definition, samples: [...metric.samples()] }));

/** Only what counts on after a process has ended: its counters and histograms. */
export const countersOf = (snapshots: readonly MetricSnapshot[]): MetricSnapshot[] =>
  snapshots.filter(({ definition }) => definition.type !== 'gauge');

/** The metrics of several processes as those of one. */
export function addUp(processes: readonly (readonly MetricSnapshot[])[]): MetricSnapshot[] {
  const byName = new Map<string, MetricSnapshot[]>();
  for (const snapshot of processes.flat()) {
    const { name } = snapshot.definition;
    byName.set(name, [...(byName.get(name) ?? []), snapshot]);
  }
  return [...byName.values()].map(addUpOne);
}

function addUpOne(snapshots: readonly MetricSnapshot[]): MetricSnapshot {
  const { definition } = snapshots[0] as MetricSnapshot;
  const combine = COMBINE[GAUGES_NOT_ADDED[definition.name] ?? 'sum'];
  const sums = new Map<string, Sample>();
  for (const sample of snapshots.flatMap(({ samples }) => samples)) {
    const series = sample.suffix + sample.labels;
    const known = sums.get(series);
    sums.set(series, known === undefined ? sample : { ...known, value: combine(known.value, sample.value) });
  }
  return { definition, samples: [...sums.values()] };
}

const COMBINE = { sum: (one: number, other: number) => one + other, max: Math.max, min: Math.min };

/** A snapshot as metrics, for a scrape. */
export const metricsOf = (snapshots: readonly MetricSnapshot[]): Metric[] =>
  snapshots.map(({ definition, samples }) => ({ definition, samples: () => samples }));
