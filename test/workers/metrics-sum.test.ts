import { describe, expect, test } from 'vitest';
import { documentedMetrics } from '../../scripts/docs.ts';
import { Counter } from '../../src/metrics/counter.ts';
import { gauge } from '../../src/metrics/gauge.ts';
import { Histogram } from '../../src/metrics/histogram.ts';
import { addUp, countersOf, GAUGES_NOT_ADDED, snapshotOf } from '../../src/workers/metrics-sum.ts';

const SHARE_OF_EACH_WORKER = [
  'nodejs_external_memory_bytes',
  'nodejs_heap_size_total_bytes',
  'nodejs_heap_size_used_bytes',
  'portcullis_client_connections',
  'portcullis_confirmations_pending',
  'portcullis_held_body_bytes',
  'portcullis_live_responses',
  'portcullis_mail_queue_waiting',
  'portcullis_password_queue_running',
  'portcullis_password_queue_waiting',
  'portcullis_requests_in_progress',
  'portcullis_upstream_connections',
  'portcullis_upstream_connections_idle',
  'portcullis_upstream_waiting',
  'portcullis_workers',
  'process_resident_memory_bytes',
];

function measured(requests: number, seconds: number, connected: number) {
  const counter = new Counter('x_total', 'X.', { route: ['a', 'b'] });
  counter.add('a', '', requests);
  const histogram = new Histogram('y_seconds', 'Y.', { bounds: [1, 2] });
  histogram.of[''].observe(seconds);
  return snapshotOf([counter, histogram, gauge('portcullis_redis_connected', 'Z.', () => connected)]);
}

const seriesOf = (snapshots: ReturnType<typeof addUp>) =>
  Object.fromEntries(
    snapshots.flatMap(({ definition: { name }, samples }) =>
      samples.map(({ suffix, labels, value }) => [`${name}${suffix}${labels}`, value]),
    ),
  );

describe('the metrics of several workers', () => {
  test('are the sums of counters and of buckets, and a state that is good only if it is at all of them', () => {
    const sum = addUp([measured(2, 0.5, 1), measured(3, 1.5, 0)]);
    expect(seriesOf(sum)).toEqual({
      'x_total{route="a"}': 5,
      'x_total{route="b"}': 0,
      'y_seconds_bucket{le="1"}': 1,
      'y_seconds_bucket{le="2"}': 2,
      'y_seconds_bucket{le="+Inf"}': 2,
      y_seconds_sum: 2,
      y_seconds_count: 2,
      portcullis_redis_connected: 0,
    });
  });

  test('keep the counters of a worker that has ended, and not its gauges', () => {
    const sum = addUp([measured(2, 0.5, 1), countersOf(measured(3, 1.5, 0))]);
    expect(seriesOf(sum)).toMatchObject({
      'x_total{route="a"}': 5,
      y_seconds_count: 2,
      portcullis_redis_connected: 1,
    });
  });

  test('have a rule for every gauge', () => {
    const gauges = documentedMetrics().filter(({ definition }) => definition.type === 'gauge');
    const named = [...SHARE_OF_EACH_WORKER, ...Object.keys(GAUGES_NOT_ADDED)].sort();
    expect(gauges.map(({ definition }) => definition.name).sort()).toEqual(named);
  });
});
