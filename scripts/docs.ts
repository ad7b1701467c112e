import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AuditCounters } from '../src/audit/metrics.ts';
import { BankMetrics, type BankMetricsSources } from '../src/bank/metrics.ts';
import { bankShape } from '../src/config/bank.ts';
import { gatewayShape } from '../src/config/gateway.ts';
import { type GatewayMetricsSources, gatewayMetrics } from '../src/gateway/metrics/gateway-metrics.ts';
import { RequestMetrics } from '../src/gateway/metrics/request-metrics.ts';
import { type Access, TAGS } from '../src/http/operation.ts';
import { EventLoopDelay } from '../src/metrics/event-loop.ts';
import type { Metric } from '../src/metrics/metric.ts';
import { OPERATIONS } from '../src/openapi/api.ts';
import { workerMetrics } from '../src/workers/total-metrics.ts';

/**
 * The reference tables in `docs/` are generated from the code: `npm run docs` rewrites them, and a test fails when they
 * are out of date. On a page, a table stands between `<!-- settings: NAME NAME … -->`, `<!-- routes -->`,
 * `<!-- problems -->`, `<!-- metrics -->` or
 * `<!-- metrics: bank -->` and `<!-- end -->`. Everything else is written by hand.
 */
export const GENERATED_PAGES = ['docs/configuration.md', 'docs/http-api.md', 'docs/operations.md'] as const;

const SETTINGS: Record<string, z.ZodType> = { ...gatewayShape, ...bankShape };
export const SETTING_NAMES = Object.keys(SETTINGS);

/** Defaults that depend on the machine or have no textual form. */
const DEFAULT_IN_WORDS: Record<string, string> = {
  PASSWORD_WORKERS: 'CPU cores − 1',
  TRUSTED_PROXIES: 'none',
  PLAIN_HTTP_HOSTS: 'none',
  REDIS_SENTINELS: 'none',
  REDIS_CLUSTER_NODES: 'none',
};

const MARKED_TABLE = /(<!-- (settings|routes|problems|metrics)(?:: ([^>]+))? -->)\n[\s\S]*?(<!-- end -->)/g;

/** The page with its marked tables regenerated. */
export const withTables = (page: string): string =>
  page.replaceAll(MARKED_TABLE, (_, start: string, kind: string, names: string | undefined, end: string) =>
    [start, tableOf(kind, names?.split(' ') ?? []), end].join('\n'),
  );

function tableOf(kind: string, names: readonly string[]): string {
  if (kind === 'routes') return routeTables();
  if (kind === 'metrics')
    return metricsTable(names.includes('bank') ? documentedBankMetrics() : documentedMetrics());
  return kind === 'settings' ? settingsTable(names) : problemsTable();
}

const settingsTable = (names: readonly string[]): string =>
  ['| setting | default | description |', '|---|---|---|', ...names.map(settingRow)].join('\n');

function settingRow(name: string): string {
  const schema = SETTINGS[name];
  if (schema === undefined) throw new Error(`${name} is not a setting`);
  return `| \`${name}\` | ${defaultOf(name, schema)} | ${schema.description ?? ''} |`;
}

function defaultOf(name: string, schema: z.ZodType): string {
  const inWords = DEFAULT_IN_WORDS[name];
  if (inWords !== undefined) return inWords;
  return schema instanceof z.ZodDefault ? `\`${String(schema.def.defaultValue)}\`` : 'none';
}

const routeTables = (): string =>
  Object.entries(TAGS)
    .map(([tag, description]) => `### ${tag}\n\n${description}\n\n${routesTable(tag)}\n`)
    .join('\n');

const routesTable = (tag: string): string =>
  [
    '| route | description | requires |',
    '|---|---|---|',
    ...OPERATIONS.filter((operation) => operation.tag === tag).map(
      ({ method, path, summary, access }) =>
        `| \`${method.toUpperCase()} ${path}\` | ${summary} | ${accessInWords(access)} |`,
    ),
  ].join('\n');

function accessInWords(access: Access): string {
  if (access.by === 'anyone') return 'nothing';
  if (access.by === 'client') return 'client credentials';
  if (access.by === 'refresh-token') return 'refresh token';
  return access.scope === undefined ? 'access token' : `scope \`${access.scope}\``;
}

/** Every problem that a route can respond with, by status and code. */
function problemsTable(): string {
  const titles = new Map<string, Set<string>>();
  for (const { status, code, title } of OPERATIONS.flatMap(({ problems }) => problems)) {
    const problem = `${status} | \`${code}\``;
    titles.set(problem, (titles.get(problem) ?? new Set()).add(title));
  }
  const rows = [...titles].map(([problem, texts]) => `| ${problem} | ${[...texts].join(' / ')} |`);
  return ['| status | code | title |', '|---|---|---|', ...rows.sort()].join('\n');
}

/** The metrics of a gateway. Their sources are read by a scrape only, so the table needs no running gateway. */
export function documentedMetrics(): Metric[] {
  const eventLoop = new EventLoopDelay();
  eventLoop.close();
  const audit = { counters: new AuditCounters() };
  const sources = { requests: new RequestMetrics(), audit, eventLoop } as unknown as GatewayMetricsSources;
  return [...gatewayMetrics(sources), ...workerMetrics({ serving: [], crashes: 0 })];
}

/** The metrics that a bank has besides those of its process and of Redis. */
function documentedBankMetrics(): Metric[] {
  const eventLoop = new EventLoopDelay();
  eventLoop.close();
  const all = new BankMetrics().all({ eventLoop } as unknown as BankMetricsSources);
  return all.filter(({ definition: { name } }) => name.startsWith('portcullis_bank_'));
}

const metricsTable = (metrics: readonly Metric[]): string =>
  [
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...metrics.map(
      ({ definition: { name, type, labels, help } }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    ),
  ].join('\n');

if (import.meta.main)
  for (const page of GENERATED_PAGES) {
    const path = join(import.meta.dirname, '..', page);
    writeFileSync(path, withTables(readFileSync(path, 'utf8')));
  }
