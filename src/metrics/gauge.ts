import { labelText, type Metric, type MetricDefinition, type MetricType, type Sample } from './metric.ts';

/** The present values by the label's value. One that is undefined is not known, and is left out. */
export type LabeledValues = Readonly<Record<string, number | undefined>>;

/** A metric whose values are read when they are asked for. It has at most one label. */
export class ReadMetric implements Metric {
  readonly definition: MetricDefinition;
  readonly #read: () => LabeledValues | number | undefined;

  /** @param read the value, or the values for each value of `label`; it must neither wait nor fail */
  constructor(
    type: Exclude<MetricType, 'histogram'>,
    { name, help, label }: { name: string; help: string; label?: string | undefined },
    read: () => LabeledValues | number | undefined,
  ) {
    this.definition = { name, type, help, labels: label === undefined ? [] : [label] };
    this.#read = read;
  }

  *samples(): Iterable<Sample> {
    const read = this.#read();
    const values = typeof read === 'object' ? read : { '': read };
    const [label] = this.definition.labels;
    for (const [of, value] of Object.entries(values))
      if (value !== undefined)
        yield { suffix: '', labels: label === undefined ? '' : labelText({ [label]: of }), value };
  }
}

/** A gauge that is read when it is asked for. */
export const gauge = (name: string, help: string, read: () => number | undefined): ReadMetric =>
  new ReadMetric('gauge', { name, help }, read);

/** A gauge with one label. */
export const gaugeBy = (label: string, name: string, help: string, read: () => LabeledValues): ReadMetric =>
  new ReadMetric('gauge', { name, help, label }, read);

/** A counter that something else counts and that is read when it is asked for. */
export const counted = (name: string, help: string, read: () => number | undefined): ReadMetric =>
  new ReadMetric('counter', { name, help }, read);
