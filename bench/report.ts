import { cpus } from 'node:os';
import { CONTESTANTS, GATEWAY, TARGETS } from './contestants.ts';
import type { Measured } from './load.ts';

/** The measurements of each contestant by name, one per round. */
export type Rounds = ReadonlyMap<string, readonly Measured[]>;

/** The results and targets as Markdown tables. */
export function report(rounds: Rounds): string {
  const ofGateway = medianOf(rounds, GATEWAY, 'cpuMicrosPerRequest');
  const rows = CONTESTANTS.map(({ name }) => row(rounds, name, ofGateway));
  return `${environment()}

| server | requests/s | p50 ms | p99 ms | CPU µs/request | range | ratio to the gateway |
|---|--:|--:|--:|--:|--:|--:|
${rows.join('\n')}

| target | max | measured | |
|---|--:|--:|---|
${TARGETS.map((target) => targetRow(rounds, target)).join('\n')}
`;
}

function environment(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const day = new Date().toISOString().slice(0, 10);
  return `${day} · ${model}, ${cpus().length} cores · Node ${process.version}`;
}

function row(rounds: Rounds, name: string, ofGateway: number): string {
  const cpu = (rounds.get(name) ?? []).map((round) => round.cpuMicrosPerRequest);
  const cells = [
    medianOf(rounds, name, 'requestsPerSecond').toFixed(0),
    medianOf(rounds, name, 'p50Ms').toFixed(1),
    medianOf(rounds, name, 'p99Ms').toFixed(1),
    median(cpu).toFixed(1),
    `${Math.min(...cpu).toFixed(1)}–${Math.max(...cpu).toFixed(1)}`,
    (median(cpu) / ofGateway).toFixed(2),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

function targetRow(rounds: Rounds, { ours, theirs, max }: (typeof TARGETS)[number]): string {
  const share =
    medianOf(rounds, ours, 'cpuMicrosPerRequest') / medianOf(rounds, theirs, 'cpuMicrosPerRequest');
  return `| ${ours} ÷ ${theirs} | ${max.toFixed(2)} | ${share.toFixed(2)} | ${share <= max ? 'met' : 'missed'} |`;
}

const medianOf = (rounds: Rounds, name: string, figure: keyof Measured): number =>
  median((rounds.get(name) ?? []).map((round) => round[figure]));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = low] = sorted.slice(middle - (sorted.length % 2 === 0 ? 1 : 0));
  return sorted.length % 2 === 0 ? (low + high) / 2 : low;
}
