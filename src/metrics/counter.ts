import {
  combinations,
  type LabelValues,
  labelText,
  type Metric,
  type MetricDefinition,
  type Sample,
} from './metric.ts';

/**
 * A counter with up to two labels, whose values are known in advance. All series exist from the start with 0, so that
 * `rate()` sees the first increment.
 */
export class Counter implements Metric {
  readonly definition: MetricDefinition;
  readonly #labels: readonly string[];
  readonly #cells: Float64Array;
  /** The index of each value of the first and of the second label. */
  readonly #rows: Readonly<Record<string, number>>;
  readonly #columns: Readonly<Record<string, number>>;
  readonly #width: number;

  constructor(name: string, help: string, values: LabelValues = {}) {
    const [rows = [''], columns = ['']] = Object.values(values);
    this.definition = { name, type: 'counter', help, labels: Object.keys(values) };
    this.#labels = combinations(values).map(labelText);
    this.#cells = new Float64Array(this.#labels.length);
    this.#rows = indexOf(rows);
    this.#columns = indexOf(columns);
    this.#width = columns.length;
  }

  /** Adds one, or `by`. A value that is not in the set of its label is not counted. */
  add(row = '', column = '', by = 1): void {
    const index = (this.#rows[row] ?? Number.NaN) * this.#width + (this.#columns[column] ?? Number.NaN);
    if (index >= 0) this.#cells[index] = (this.#cells[index] ?? 0) + by;
  }

  *samples(): Iterable<Sample> {
    for (const [index, labels] of this.#labels.entries())
      yield { suffix: '', labels, value: this.#cells[index] ?? 0 };
  }
}

const indexOf = (values: readonly string[]): Readonly<Record<string, number>> =>
  Object.assign(Object.create(null), Object.fromEntries(values.map((value, index) => [value, index])));
