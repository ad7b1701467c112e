import { labelText, type Metric, type MetricDefinition, type Sample } from './metric.ts';

/** The upper bounds of durations, in seconds: from a signature check to a slow upstream. */
export const DURATION_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The observations of one combination of labels. */
export class HistogramCell {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  /** The labels of the sum and the count, and those of each bucket. */
  readonly #labels: string;
  readonly #bucketLabels: readonly string[];
  #sum = 0;

  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>>) {
    this.#bounds = bounds;
    this.#labels = labelText(labels);
    this.#bucketLabels = [...bounds, '+Inf'].map((le) => labelText({ ...labels, le: String(le) }));
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Adds an observation, in the base unit of the metric. */
  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] as number)) index += 1;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#sum += value;
  }

  /** Adds the time since `startedMs`, by `performance.now()`, in seconds. Returns the present time. */
  observeSince(startedMs: number): number {
    const nowMs = performance.now();
    this.observe((nowMs - startedMs) / 1000);
    return nowMs;
  }

  *samples(): Iterable<Sample> {
    let count = 0;
    for (const [index, labels] of this.#bucketLabels.entries()) {
      count += this.#counts[index] ?? 0;
      yield { suffix: '_bucket', labels, value: count };
    }
    yield { suffix: '_sum', labels: this.#labels, value: this.#sum };
    yield { suffix: '_count', labels: this.#labels, value: count };
  }
}

/** A cumulative histogram with at most one label, whose values are known in advance. */
export class Histogram<Value extends string = ''> implements Metric {
  readonly definition: MetricDefinition;
  /** The observations for each value of the label; under `''` if there is no label. */
  readonly of: Readonly<Record<Value, HistogramCell>>;

  constructor(
    name: string,
    help: string,
    { label, values, bounds = DURATION_BOUNDS }: HistogramOptions<Value> = {},
  ) {
    this.definition = { name, type: 'histogram', help, labels: label === undefined ? [] : [label] };
    const all = values ?? ([''] as Value[]);
    const labelsOf = (value: string) => (label === undefined ? {} : { [label]: value });
    this.of = Object.fromEntries(
      all.map((value) => [value, new HistogramCell(bounds, labelsOf(value))]),
    ) as typeof this.of;
  }

  *samples(): Iterable<Sample> {
    for (const cell of Object.values<HistogramCell>(this.of)) yield* cell.samples();
  }
}

interface HistogramOptions<Value extends string> {
  label?: string;
  /** The values of the label. */
  values?: readonly Value[];
  /** The upper bounds of the buckets, ascending. */
  bounds?: readonly number[];
}
