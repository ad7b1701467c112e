import { type Bar, barChart } from './bar-chart.ts';
import { lineChart } from './line-chart.ts';
import { Lookup } from './lookup.ts';
import { count, fixed } from './markdown.ts';
import type { Results } from './results.ts';

export interface Chart {
  /** The name of the file, without its extension. */
  readonly name: string;
  readonly svg: string;
}

const LINES = ['gateway', 'gateway-memo', 'nginx', 'go', 'fastify', 'fastify-cached'];
const LATENCY_LINES = ['gateway', 'nginx', 'go', 'fastify'];

/** All charts for which these results have figures. */
export function charts(results: Results): Chart[] {
  return [...comparedCharts(results), ...sessionsChart(results), ...latencyChart(results)];
}

/** CPU time per request of all contestants, one chart for each number of sessions that most were measured with. */
function comparedCharts(results: Results): Chart[] {
  const lookup = new Lookup(results);
  return [64, 40_000].flatMap((sessions) => {
    const bars = lookup.measured.flatMap((id): Bar[] => {
      const value = lookup.cpu(id, sessions);
      const kind = results.contestants.find((contestant) => contestant.id === id)?.kind ?? 'peer';
      return value === undefined ? [] : [{ label: lookup.nameOf(id), value, kind }];
    });
    const title = `CPU time per request with ${fixed(sessions)} sessions in rotation (µs, less is better)`;
    return bars.length === 0 ? [] : [{ name: `cpu-${sessions}`, svg: barChart(title, bars) }];
  });
}

function sessionsChart(results: Results): Chart[] {
  const lookup = new Lookup(results);
  const counts = results.plan.sessions;
  if (counts.length < 2) return [];
  const lines = LINES.flatMap((id) => {
    const values = counts.map((sessions) => lookup.cpu(id, sessions));
    return values.filter((value) => value !== undefined).length < 2
      ? []
      : [{ label: lookup.nameOf(id), values }];
  });
  const title = 'CPU time per request by number of sessions (µs, less is better)';
  const x = counts.map(count);
  return lines.length === 0 ? [] : [{ name: 'cpu-by-sessions', svg: lineChart(title, x, lines) }];
}

function latencyChart(results: Results): Chart[] {
  const lookup = new Lookup(results);
  const sessions = lookup.sessionsNear(40_000);
  const own = results.open.filter((each) => each.sessions === sessions);
  const shares = [...new Set(own.map(({ share }) => share))].sort((a, b) => a - b);
  const lines = LATENCY_LINES.flatMap((id) => {
    const values = shares.map((share) => lookup.open(id, sessions, share)?.p99Ms);
    return values.every((value) => value === undefined) ? [] : [{ label: lookup.nameOf(id), values }];
  });
  const title = `p99 latency at a constant rate, ${fixed(sessions)} sessions (ms, less is better)`;
  const x = shares.map((share) => `${fixed(share * 100)} %`);
  return lines.length === 0 ? [] : [{ name: 'latency', svg: lineChart(title, x, lines) }];
}
