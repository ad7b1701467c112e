import { describe, expect, test } from 'vitest';
import { Counter } from '../../src/metrics/counter.ts';
import { expositionFor, OPENMETRICS_TEXT, PROMETHEUS_TEXT } from '../../src/metrics/exposition.ts';
import { gauge, gaugeBy } from '../../src/metrics/gauge.ts';
import { Histogram } from '../../src/metrics/histogram.ts';

const requests = (): Counter =>
  new Counter('requests_total', 'Requests.', { reason: ['a', 'b'], route: ['x', 'y'] });

describe('a counter', () => {
  test('has every series from the start, and counts by both labels', () => {
    const counter = requests();
    counter.add('a', 'y');
    counter.add('b', 'x', 2);
    counter.add('a', 'y');
    expect(PROMETHEUS_TEXT.write([counter])).toBe(
      [
        '# HELP requests_total Requests.',
        '# TYPE requests_total counter',
        'requests_total{reason="a",route="x"} 0',
        'requests_total{reason="a",route="y"} 2',
        'requests_total{reason="b",route="x"} 2',
        'requests_total{reason="b",route="y"} 0\n',
      ].join('\n'),
    );
  });

  test.for(['c', '', '__proto__', 'constructor', 'toString'])(
    'does not count %j, which is not in the set of its label, and gets no new series',
    (value) => {
      const counter = requests();
      counter.add(value, 'x');
      counter.add('a', value);
      expect([...counter.samples()].map((sample) => sample.value)).toEqual([0, 0, 0, 0]);
    },
  );
});

describe('a histogram', () => {
  test('has cumulative buckets, whose bounds are inclusive, a sum and a count', () => {
    const histogram = new Histogram('wait_seconds', 'Waits.', {
      label: 'of',
      values: ['a'],
      bounds: [0.1, 1],
    });
    for (const seconds of [0.1, 0.5, 2]) histogram.of.a.observe(seconds);
    expect([...histogram.samples()].map(({ suffix, labels, value }) => [suffix, labels, value])).toEqual([
      ['_bucket', '{of="a",le="0.1"}', 1],
      ['_bucket', '{of="a",le="1"}', 2],
      ['_bucket', '{of="a",le="+Inf"}', 3],
      ['_sum', '{of="a"}', 2.6],
      ['_count', '{of="a"}', 3],
    ]);
  });
});

describe('a gauge', () => {
  test('is read at each scrape, and leaves out what is not known', () => {
    let value = 1;
    const metrics = [
      gauge('g', 'G.', () => value),
      gaugeBy('log', 'h', 'H.', () => ({ a: undefined, b: 3 })),
    ];
    PROMETHEUS_TEXT.write(metrics);
    value = 2;
    const lines = PROMETHEUS_TEXT.write(metrics)
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(lines).toEqual(['g 2', 'h{log="b"} 3', '']);
  });
});

describe('the text', () => {
  test('in OpenMetrics names a family of counters without _total and has an end', () => {
    expect(OPENMETRICS_TEXT.write([new Counter('requests_total', 'Requests.')])).toBe(
      '# HELP requests Requests.\n# TYPE requests counter\nrequests_total 0\n# EOF\n',
    );
  });

  test('is in OpenMetrics only for a scraper that accepts it', () => {
    expect(expositionFor('application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1')).toBe(
      OPENMETRICS_TEXT,
    );
    expect(expositionFor('text/plain')).toBe(PROMETHEUS_TEXT);
    expect(expositionFor(undefined)).toBe(PROMETHEUS_TEXT);
  });

  test('escapes label values', () => {
    const metric = gaugeBy('of', 'g', 'G.', () => ({ 'a"b\\c\nd': 1 }));
    expect([...metric.samples()][0]?.labels).toBe(String.raw`{of="a\"b\\c\nd"}`);
  });
});
