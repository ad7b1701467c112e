import { describe, expect, test } from 'vitest';
import { evidenceMetrics } from '../../src/gateway/metrics/evidence-metrics.ts';
import { revocationMetrics } from '../../src/gateway/metrics/revocation-metrics.ts';
import { type RingRecord, signingTimesAt } from '../../src/keys/schedule.ts';
import { PROMETHEUS_TEXT } from '../../src/metrics/exposition.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import { type MeasuredServer, serverMetrics } from '../../src/redis/metrics/server-metrics.ts';

/** The lines with values, without the common prefix. */
const linesOf = (metrics: readonly Metric[]): string[] =>
  PROMETHEUS_TEXT.write(metrics)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('portcullis_', ''));

const SERVER: MeasuredServer = {
  address: 'redis-1:6379',
  isConnected: true,
  clockAheadMs: -250,
  info: { memoryUsedBytes: 1000, memoryMaxBytes: 4000, replicas: [] },
};

describe('the metrics of Redis servers', () => {
  test('have a series for each server, and for its replica that is furthest behind', () => {
    const replicas = [
      { behindBytes: 5, lagSeconds: 1 },
      { behindBytes: 70, lagSeconds: 0 },
    ];
    const servers = [{ ...SERVER, info: { memoryUsedBytes: 1000, memoryMaxBytes: 4000, replicas } }];
    expect(linesOf(serverMetrics(() => servers))).toEqual([
      'redis_server_up{server="redis-1:6379"} 1',
      'redis_memory_used_bytes{server="redis-1:6379"} 1000',
      'redis_memory_max_bytes{server="redis-1:6379"} 4000',
      'redis_replicas{server="redis-1:6379"} 2',
      'redis_replica_behind_bytes{server="redis-1:6379"} 70',
      'redis_replica_lag_seconds{server="redis-1:6379"} 1',
      'redis_clock_ahead_seconds{server="redis-1:6379"} -0.25',
    ]);
  });

  test('leave out what is not known, and a maximum of memory that is not set', () => {
    const info = { memoryUsedBytes: 1000, memoryMaxBytes: 0, replicas: [] };
    const unread = {
      ...SERVER,
      address: 'redis-2:6379',
      isConnected: false,
      clockAheadMs: undefined,
      info: undefined,
    };
    expect(linesOf(serverMetrics(() => [{ ...SERVER, info }, unread]))).toEqual([
      'redis_server_up{server="redis-1:6379"} 1',
      'redis_server_up{server="redis-2:6379"} 0',
      'redis_memory_used_bytes{server="redis-1:6379"} 1000',
      'redis_replicas{server="redis-1:6379"} 0',
      'redis_clock_ahead_seconds{server="redis-1:6379"} -0.25',
    ]);
  });
});

describe('the metrics of the journal of revocations', () => {
  test('are those of the journal at the scrape, and absent without one', () => {
    const revocations = { journalSize: 3, dropped: 1, replays: 2, replayed: 5, pendingConfirmations: 4 };
    expect(linesOf(revocationMetrics({ revocations }))).toEqual([
      'revocation_journal_entries 3',
      'revocation_journal_dropped_total 1',
      'revocation_replays_total 2',
      'revocations_replayed_total 5',
      'confirmations_pending 4',
    ]);
    expect(linesOf(revocationMetrics({}))).toEqual([]);
  });
});

const KEY = { createdMs: 0, signsFromMs: 1000 };
const RING: RingRecord = {
  id: 'A'.repeat(22),
  version: 1,
  tokensLiveSeconds: 300,
  keys: [{ ...KEY, kid: 'a'.repeat(43) }],
};
const STATE = { stored: undefined, unexported: 0, lost: 0, notStored: 0 };
const LIMITS = { recordsMax: 100, unexportedMax: 200 };

const evidence = (record: RingRecord, nowMs: number, security: object = {}): string[] =>
  linesOf(
    evidenceMetrics({
      audit: { exportState: () => ({ security: { ...STATE, ...security }, customers: STATE }) },
      auditLimits: { security: LIMITS, customers: LIMITS },
      ring: { signingTimes: (atMs) => signingTimesAt(record, atMs) },
      now: () => nowMs,
    }),
  );

describe('the metrics of the signing key', () => {
  test('have its age, and the time until a published key replaces it', () => {
    const lines = (record: RingRecord): string[] =>
      evidence(record, 11_000).filter((line) => line.startsWith('signing'));
    expect(lines(RING)).toEqual(['signing_key_age_seconds 10']);
    const next = { ...KEY, kid: 'b'.repeat(43), signsFromMs: 41_000 };
    expect(lines({ ...RING, keys: [...RING.keys, next] })).toEqual([
      'signing_key_age_seconds 10',
      'signing_key_remaining_seconds 30',
    ]);
  });
});

describe('the metrics of the audit logs', () => {
  test('say how full a log is and what was not stored, and are absent until a record has been written', () => {
    const lines = evidence(RING, 2000, { stored: 120, unexported: 50, lost: 0, notStored: 2 });
    expect(lines.filter((line) => line.startsWith('audit'))).toEqual([
      'audit_records{log="security"} 120',
      'audit_unexported_records{log="security"} 50',
      'audit_unexported_ratio{log="security"} 0.25',
      'audit_lost_records{log="security"} 0',
      'audit_records_not_stored_total{log="security"} 2',
      'audit_records_not_stored_total{log="customers"} 0',
    ]);
  });
});
