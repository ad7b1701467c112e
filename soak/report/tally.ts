import type { Recorded } from '../model/operation.ts';

/** Each class of latencies is a tenth longer than the one before. */
const STEP = 1.1;
/** A fault may cost responses for so long after it was repaired. */
const AFTERMATH_MS = 5000;

interface Counts {
  outcomes: Map<string, number>;
  latencies: Map<number, number>;
  parts: number;
}

interface FaultTimes {
  name: string;
  fromMs: number;
  repairedMs: number;
  lastUnknownMs: number;
}

/** Counts what has been done, how it ended, how long it took, and for how long a fault was felt. */
export class Tally {
  readonly #operations = new Map<string, Counts>();
  readonly #faults: FaultTimes[] = [];
  /** Unknown outcomes while no fault was active or had just been repaired, by operation and detail. */
  readonly #unexplained = new Map<string, number>();

  add(op: Recorded): void {
    const counts = this.#countsOf(op.name);
    const how = op.outcome === 'ok' ? 'ok' : `${op.outcome} ${op.detail ?? ''}`.trim();
    counts.outcomes.set(how, (counts.outcomes.get(how) ?? 0) + 1);
    const tookMs = (op.returnedMs ?? 0) - op.calledMs;
    const step = Math.max(0, Math.ceil(Math.log(tookMs) / Math.log(STEP)));
    counts.latencies.set(step, (counts.latencies.get(step) ?? 0) + 1);
    if (op.outcome === 'unknown') this.#unknown(op);
  }

  part(name: string): void {
    this.#countsOf(name).parts += 1;
  }

  faultBegins(name: string): () => void {
    const fault = { name, fromMs: performance.now(), repairedMs: Number.POSITIVE_INFINITY, lastUnknownMs: 0 };
    this.#faults.push(fault);
    return () => {
      fault.repairedMs = performance.now();
    };
  }

  /** Lines of text: for each operation how often it ended how, and its median and 99th percentile. */
  operations(): string[] {
    return [...this.#operations].sort().map(([name, { outcomes, latencies, parts }]) => {
      const ends = [...outcomes].sort(([, a], [, b]) => b - a).map(([how, count]) => `${count} ${how}`);
      const times = `p50 ${quantile(latencies, 0.5)} ms, p99 ${quantile(latencies, 0.99)} ms`;
      return `${name}: ${ends.join(', ')}${parts > 0 ? `, ${parts} parts` : ''}; ${times}`;
    });
  }

  /** Lines of text: for each kind of fault, how long responses were missing at most. */
  faults(): string[] {
    return [...Map.groupBy(this.#faults, ({ name }) => name)].sort().map(([name, all]) => {
      const felt = Math.max(...all.map((one) => Math.max(0, one.lastUnknownMs - one.fromMs)));
      const after = Math.max(...all.map((one) => Math.max(0, one.lastUnknownMs - one.repairedMs)));
      return `${name}: ${all.length} times; longest unavailability ${Math.round(felt)} ms, ${Math.round(after)} ms after the repair`;
    });
  }

  /** Lines of text: what was unavailable without a fault. */
  unexplained(): string[] {
    return [...this.#unexplained].sort().map(([what, count]) => `${count} × ${what}`);
  }

  #unknown(op: Recorded): void {
    const [calledMs, atMs] = [op.calledMs, op.returnedMs ?? 0];
    const fault = this.#faults.findLast(({ fromMs }) => fromMs <= atMs);
    if (fault !== undefined && calledMs < fault.repairedMs + AFTERMATH_MS) {
      fault.lastUnknownMs = Math.max(fault.lastUnknownMs, atMs);
      return;
    }
    const what = `${op.name} ${op.by} ${op.detail}`;
    this.#unexplained.set(what, (this.#unexplained.get(what) ?? 0) + 1);
  }

  #countsOf(name: string): Counts {
    const counts = this.#operations.get(name) ?? { outcomes: new Map(), latencies: new Map(), parts: 0 };
    this.#operations.set(name, counts);
    return counts;
  }
}

/** The upper end of the class that holds the quantile. */
function quantile(latencies: ReadonlyMap<number, number>, part: number): string {
  const total = [...latencies.values()].reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [step, count] of [...latencies].sort(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= part * total) return (STEP ** step).toFixed(1);
  }
  return '-';
}
