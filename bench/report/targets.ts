import { Lookup, ratio } from './lookup.ts';
import { fixed, numbers, table } from './markdown.ts';
import type { Results } from './results.ts';

export interface Target {
  readonly name: string;
  readonly max: number;
  readonly unit: string;
  /** Undefined if it was not measured. */
  readonly value: number | undefined;
}

/** CPU time per request of `ours` divided by that of `theirs`. */
const RATIOS = [
  { ours: 'gateway', theirs: 'nginx', max: 1.1 },
  { ours: 'gateway-headers', theirs: 'nginx', max: 1 },
  { ours: 'gateway', theirs: 'go', max: 0.75 },
  { ours: 'gateway', theirs: 'fastify', max: 0.65 },
  { ours: 'gateway', theirs: 'express', max: 0.5 },
  { ours: 'gateway-memo', theirs: 'fastify-cached', max: 0.65 },
  { ours: 'gateway-workers', theirs: 'gateway', max: 1.05 },
  { ours: 'gateway-dpop', theirs: 'gateway', max: 2 },
] as const;
const RATIO_SESSIONS = [64, 40_000];
const FLAT_SESSIONS = [64, 40_000, 1_000_000];
const FLAT_SHARE = 0.7;
const BYTES_MAX = 600;
const GC_PERCENT_MAX = 5;

/** All targets of the project with what was measured. */
export function targetsOf(results: Results): Target[] {
  const lookup = new Lookup(results);
  return [
    ...RATIOS.flatMap((target) => RATIO_SESSIONS.map((sessions) => ratioTarget(lookup, target, sessions))),
    ...flatTargets(lookup),
    latencyTarget(lookup),
    { name: 'Redis per session', max: BYTES_MAX, unit: 'bytes', value: results.redis?.bytesPerSession },
    ...results.gc.map(({ sessions, minorPercent, majorPercent }) => ({
      name: `garbage collection with ${fixed(sessions)} sessions`,
      max: GC_PERCENT_MAX,
      unit: '% of a core',
      value: minorPercent + majorPercent,
    })),
  ];
}

function ratioTarget(
  lookup: Lookup,
  { ours, theirs, max }: (typeof RATIOS)[number],
  sessions: number,
): Target {
  const value = ratio(lookup.cpu(ours, sessions), lookup.cpu(theirs, sessions));
  const name = `${lookup.nameOf(ours)} ÷ ${lookup.nameOf(theirs)}, ${fixed(sessions)} sessions`;
  return { name, max, unit: '× CPU', value };
}

/** Many sessions cost no more than few. */
function flatTargets(lookup: Lookup): Target[] {
  const all = FLAT_SESSIONS.map((sessions) => lookup.cpu('gateway', sessions));
  const p99 = FLAT_SESSIONS.map((sessions) => lookup.open('gateway', sessions, FLAT_SHARE)?.p99Ms);
  const counts = FLAT_SESSIONS.map((sessions) => fixed(sessions)).join(', ');
  return [
    {
      name: `gateway, dearest ÷ cheapest of ${counts} sessions`,
      max: 1.15,
      unit: '× CPU',
      value: extremes(all),
    },
    {
      name: `gateway, p99 at 70 % of the maximum rate, worst ÷ best of ${counts} sessions`,
      max: 1.5,
      unit: '× p99',
      value: extremes(p99),
    },
  ];
}

function latencyTarget(lookup: Lookup): Target {
  const sessions = lookup.sessionsNear(40_000);
  const ours = lookup.open('gateway', sessions, FLAT_SHARE)?.p99Ms;
  const theirs = lookup.open('nginx', sessions, FLAT_SHARE)?.p99Ms;
  const value = ours === undefined || theirs === undefined ? undefined : ours - theirs;
  return {
    name: "gateway's p99 at 70 % of its maximum − nginx's at 70 % of its own",
    max: 1,
    unit: 'ms',
    value,
  };
}

/** The largest divided by the smallest, if all are known. */
function extremes(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? Math.max(...known) / Math.min(...known) : undefined;
}

/** The targets as a table. Those that this run did not measure are left out. */
export function targetTable(results: Results): string {
  const rows = targetsOf(results)
    .filter(({ value }) => value !== undefined)
    .map(({ name, max, unit, value = 0 }) => [
      name,
      `${max} ${unit}`,
      fixed(value, 2),
      value <= max ? 'met' : '**missed**',
    ]);
  return rows.length === 0 ? '' : table(['target', ...numbers('at most', 'measured'), ''], rows);
}
