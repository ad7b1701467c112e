import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { charts } from '../../bench/report/charts.ts';
import { replaceMarked } from '../../bench/report/markdown.ts';
import { parseResults } from '../../bench/report/results.ts';
import { resultsPage } from '../../bench/report/results-page.ts';
import { capacityOf, demandOf, sizingTables } from '../../bench/report/sizing.ts';
import { targetsOf } from '../../bench/report/targets.ts';
import { performancePage } from '../../bench/report/write.ts';
import { exampleResults } from './example-results.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the report of a run', () => {
  const page = resultsPage(exampleResults());

  test('shows the median, the range and the ratio to the gateway', () => {
    expect(page).toContain('| the nginx | 12,500 | 2.0 | 5.0 | 80.0 | 79.0–81.0 | 0.80 |');
  });

  test('shows the CPU time by number of sessions', () => {
    expect(page).toContain('| the gateway | 100.0 | 100.0 |');
  });

  test('says why a server is left out, and has no figures of it', () => {
    expect(page).toContain('- **the go**: What go is. **Left out:** Go is not installed.');
    expect(page).not.toContain('| the go |');
  });

  test('says which targets are met and which are missed', () => {
    expect(page).toContain('| the gateway ÷ the nginx, 64 sessions | 1.1 × CPU | 1.25 | **missed** |');
    expect(page).toContain('| Redis per session | 600 bytes | 500.00 | met |');
  });

  test('does not call a target met that was not measured', () => {
    const target = targetsOf(exampleResults()).find(({ name }) => name.includes('go'));
    expect(target).toMatchObject({ value: undefined });
    expect(page).not.toContain('÷ the go');
  });

  test('marks a server that waited for the load', () => {
    const results = exampleResults();
    for (const { rounds } of results.closed) for (const each of rounds) each.coreShare = 0.5;
    expect(resultsPage(results)).toContain('| the nginx | 12,500 † |');
  });
});

describe('the sizing', () => {
  const capacity = capacityOf(exampleResults());

  test('is computed from the measured CPU times and sizes', () => {
    expect(capacity).toMatchObject({ requestsPerVcpu: 10_000, loginsPerVcpu: 20, refreshesPerVcpu: 1000 });
    expect(capacity?.sessionsPerGib).toBeCloseTo(1024 ** 3 / 1500);
  });

  test('grows in proportion to the sessions', () => {
    if (capacity === undefined) throw new Error('nothing was measured');
    const [one, ten] = [demandOf(capacity, 1_000_000), demandOf(capacity, 10_000_000)];
    expect(ten.requests).toBeCloseTo(one.requests * 10);
    expect(ten.redisGib).toBeCloseTo(one.redisGib * 10);
  });

  test('goes up to 100 million sessions', () => {
    expect(sizingTables(exampleResults())).toContain('| 100 million | 3,333,333 |');
  });
});

describe('the charts', () => {
  const all = charts(exampleResults());

  test('are SVG images with a description, which can be read on light and dark pages', () => {
    expect(all.map(({ name }) => name)).toEqual(['cpu-64', 'cpu-40000', 'cpu-by-sessions', 'latency']);
    for (const { svg } of all) {
      expect(svg).toMatch(/^<svg [^>]+role="img" aria-label="[^"]+">/);
      expect(svg).toContain('@media (prefers-color-scheme: dark)');
      expect(svg).not.toMatch(/NaN|undefined/);
    }
  });
});

describe('a marked part of a page', () => {
  test('is replaced, and nothing else', () => {
    const page = 'before\n<!-- bench: x -->\nold\n<!-- end -->\nafter';
    expect(replaceMarked(page, 'bench: x', 'new')).toBe(
      'before\n<!-- bench: x -->\nnew\n<!-- end -->\nafter',
    );
  });

  test('has to exist', () => {
    expect(() => replaceMarked('', 'bench: x', 'new')).toThrow('the page has no part between');
  });
});

describe('the pages in the repository', () => {
  const results = parseResults(read('bench/results.json'), 'bench/results.json');

  test('are those of bench/results.json (`npm run bench -- --render bench/results.json` updates them)', () => {
    expect(read('bench/RESULTS.md')).toBe(resultsPage(results));
    expect(read('docs/performance.md')).toBe(performancePage(read('docs/performance.md'), results));
    for (const { name, svg } of charts(results)) expect(read(`docs/performance/${name}.svg`)).toBe(svg);
  });
});
