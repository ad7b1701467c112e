import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { documentedMetrics } from '../../scripts/docs.ts';
import { workerMetrics } from '../../src/workers/total-metrics.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { scrape } from '../support/scrape.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const test = gatewayTest();

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

const panels = (JSON.parse(read('examples/observability/dashboard.json')) as { panels: Panel[] }).panels;
const alerts = read('examples/observability/alerts.yml');
const runbook =
  read('docs/operations.md')
    .split('\n## ')
    .find((section) => section.startsWith('Runbook')) ?? '';

const alertNames = [...alerts.matchAll(/- alert: (\S+)$/gm)].map(([, name = '']) => name);
const expressions = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...[...alerts.matchAll(/expr: >-\n\s+(.+)$/gm)].map(([, expr = '']) => expr),
];

/** The metrics that an expression names, without the suffixes of histograms. */
const metricsIn = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:portcullis|process|nodejs)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );

describe('the dashboard and the alerts', () => {
  test('name only metrics that a gateway has', async ({ gateway }) => {
    const { names } = await scrape(gateway.healthUrl);
    const named = new Set(expressions.flatMap(metricsIn));
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((name) => !names.includes(name))).toEqual([]);
  });

  test('name only label values that a gateway has', async ({ gateway }) => {
    const { text } = await scrape(gateway.healthUrl);
    const matchers = expressions.flatMap((expression) => [
      ...expression.matchAll(/(reason|outcome|action|result|class|event)=~?"([^"]+)"/g),
    ]);
    const values = matchers.flatMap(([, label, value = '']) =>
      value.split('|').map((one) => `${label}="${one}"`),
    );
    expect(values.length).toBeGreaterThan(15);
    const absentWithoutMail = ['outcome="failed"', 'outcome="dropped"'];
    const missing = values.filter((value) => !text.includes(value) && !absentWithoutMail.includes(value));
    expect(missing).toEqual([]);
  });

  test('show every metric of a gateway', async ({ gateway }) => {
    const { names } = await scrape(gateway.healthUrl);
    const shown = new Set(
      panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr))),
    );
    expect(names.filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('the runbook', () => {
  test('has an entry for each alert and for nothing else, and each alert leads to its entry', () => {
    expect(alertNames.length).toBeGreaterThan(20);
    const entries = [...runbook.matchAll(/^### (\S+)$/gm)].map(([, name = '']) => name);
    expect(entries).toEqual(alertNames);
    const links = [...alerts.matchAll(/runbook_url: docs\/operations\.md#(\S+)$/gm)].map(
      ([, anchor]) => anchor,
    );
    expect(links).toEqual(alertNames.map((name) => name.toLowerCase()));
  });

  test('gives each alert the severity that the alert has', () => {
    const severities = [...alerts.matchAll(/severity: (\S+)$/gm)].map(([, severity]) => severity);
    expect([...runbook.matchAll(/^(page|ticket)\. /gm)].map(([, severity]) => severity)).toEqual(severities);
  });
});

describe('the cases of the alerts', () => {
  test('cover each alert', () => {
    const cases = read('examples/observability/alerts.test.yml');
    expect(alertNames.filter((name) => !cases.includes(`name: ${name} fires`))).toEqual([]);
  });
});

describe('the documented metrics', () => {
  test('are those of a running gateway, and of its workers', async ({ gateway }) => {
    const { names } = await scrape(gateway.healthUrl);
    const ofWorkers = workerMetrics({ serving: [], crashes: 0 }).map(({ definition }) => definition.name);
    expect(documentedMetrics().map(({ definition }) => definition.name)).toEqual([...names, ...ofWorkers]);
  });

  test('follow the naming conventions of Prometheus', () => {
    const odd = documentedMetrics()
      .map(({ definition }) => definition)
      .filter(
        ({ name, type, help }) =>
          !/^(?:portcullis|process|nodejs)_[a-z]+(?:_[a-z]+)*$/.test(name) ||
          (type === 'counter') !== name.endsWith('_total') ||
          (type === 'histogram' && !name.endsWith('_seconds')) ||
          !help.endsWith('.'),
      );
    expect(odd.map(({ name }) => name)).toEqual([]);
  });
});
