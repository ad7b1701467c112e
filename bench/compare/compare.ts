import { median, spread } from '../load/statistics.ts';
import { Lookup } from '../report/lookup.ts';
import { count, fixed, numbers, table } from '../report/markdown.ts';
import type { Results } from '../report/results.ts';

/** One figure of two runs. */
export interface Comparison {
  readonly contestant: string;
  readonly sessions: number;
  /** CPU time per request as a ratio to the reference of the same run, before and after. */
  readonly before: number;
  readonly after: number;
  readonly changePercent: number;
  /** How far the rounds of the two runs differ among themselves. */
  readonly noisePercent: number;
  readonly isWorse: boolean;
}

/**
 * Contestants whose code does not change with this project. Their figures show how fast the machine was: a run on a slower
 * or busier one is slower in all of them.
 */
const REFERENCES: readonly string[] = ['undici', 'fastify', 'nginx', 'go', 'express'];

/**
 * Compares the CPU time of the gateway in two runs, each as a ratio to a reference of the same run. A figure is worse
 * if it grew by more than the threshold and by more than the noise.
 * @throws if the runs have no reference in common
 */
export function compareResults(before: Results, after: Results, thresholdPercent: number): Comparison[] {
  const compared = after.closed.flatMap((series) => {
    const isOurs = after.contestants.some(({ id, kind }) => id === series.contestant && kind === 'ours');
    const former = new Lookup(before).closed(series.contestant, series.sessions);
    return isOurs && former !== undefined
      ? [compareSeries(before, after, former, series, thresholdPercent)]
      : [];
  });
  if (compared.length === 0) throw new Error('the two runs have measured nothing of the gateway in common');
  return compared;
}

type Series = Results['closed'][number];

function compareSeries(
  before: Results,
  after: Results,
  former: Series,
  latter: Series,
  thresholdPercent: number,
): Comparison {
  const { contestant, sessions } = latter;
  const reference = referenceOf(before, after, sessions);
  const references = [before, after].map((results) =>
    new Lookup(results).closed(reference.id, reference.sessions),
  );
  const [one = Number.NaN, other = Number.NaN] = [former, latter].map(
    (series, index) => cpuOf(series) / cpuOf(references[index]),
  );
  const changePercent = (other / one - 1) * 100;
  const noisePercent =
    100 * [former, latter, ...references].reduce((sum, series) => Math.hypot(sum, spreadOf(series)), 0);
  const isWorse = changePercent > Math.max(thresholdPercent, noisePercent);
  return { contestant, sessions, before: one, after: other, changePercent, noisePercent, isWorse };
}

/** The first reference that both runs have, with the same number of sessions if possible. */
function referenceOf(before: Results, after: Results, wanted: number): { id: string; sessions: number } {
  const common = after.closed.filter(
    ({ contestant, sessions }) =>
      REFERENCES.includes(contestant) && new Lookup(before).closed(contestant, sessions) !== undefined,
  );
  const [best] = common.toSorted(
    (a, b) =>
      Math.abs(a.sessions - wanted) - Math.abs(b.sessions - wanted) ||
      REFERENCES.indexOf(a.contestant) - REFERENCES.indexOf(b.contestant),
  );
  if (best === undefined)
    throw new Error(
      `the two runs have no reference in common: measure one of ${REFERENCES.join(', ')} in both`,
    );
  return { id: best.contestant, sessions: best.sessions };
}

const cpusOf = (series: Series | undefined): number[] =>
  (series?.rounds ?? []).map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
const cpuOf = (series: Series | undefined): number => median(cpusOf(series));
const spreadOf = (series: Series | undefined): number => spread(cpusOf(series));

export function comparisonReport(comparison: readonly Comparison[], thresholdPercent: number): string {
  const rows = comparison.map(
    ({ contestant, sessions, before, after, changePercent, noisePercent, isWorse }) => [
      contestant,
      count(sessions),
      fixed(before, 2),
      fixed(after, 2),
      `${changePercent < 0 ? '−' : '+'}${fixed(Math.abs(changePercent), 1)} %`,
      `±${fixed(noisePercent, 1)} %`,
      isWorse ? '**worse**' : '',
    ],
  );
  const columns = numbers('sessions', 'before', 'after', 'change', 'noise');
  return `CPU time per request as a ratio to a reference of the same run. Worse is more than ${thresholdPercent} % and more than the noise.

${table(['server', ...columns, ''], rows)}
`;
}
