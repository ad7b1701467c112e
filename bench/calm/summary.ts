import type { CalmResult } from './scenarios.ts';

type Latencies = Pick<CalmResult, 'p50Ms' | 'p99Ms' | 'p999Ms'>;

/** Percentiles by nearest rank. NaN without any latencies. */
export function summarize(latenciesMs: readonly number[]): Latencies {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
}

export const TABLE_HEAD = `| beside | addresses | requests | failed | p50 ms | p99 ms | p99.9 ms | p99 ÷ quiet | gateway's cores | responses to the flood |
|---|--:|--:|--:|--:|--:|--:|--:|--:|---|`;

/** A result as a row of a Markdown table. */
export function tableRow(result: CalmResult): string {
  const { scenario, floodAddresses, requests, failures, p50Ms, p99Ms, p999Ms, p99Ratio, gatewayCores } =
    result;
  const responses = Object.entries(result.floodResponses)
    .toSorted(([, one], [, other]) => other - one)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ');
  const cells = [
    scenario,
    scenario === 'quiet' ? '' : floodAddresses,
    requests,
    failures,
    ...[p50Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(1)),
    p99Ratio?.toFixed(1) ?? '',
    gatewayCores.toFixed(2),
    responses,
  ];
  return `| ${cells.join(' | ')} |`;
}
