/** The types of the Prometheus text format. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** What is known of a metric before it has a value. */
export interface MetricDefinition {
  /** `portcullis_…`, by the naming conventions of Prometheus: `_total` for counters, base units in the name. */
  name: string;
  type: MetricType;
  /** One sentence for the documentation and the `# HELP` line. */
  help: string;
  /** The names of the labels, in order. */
  labels: readonly string[];
}

/** The values that each label can have. Every set is closed, so that no client can make the number of series grow. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** One line of the text format. */
export interface Sample {
  /** What follows the name of the metric, such as `_bucket`. */
  suffix: string;
  /** The labels in braces, or nothing. */
  labels: string;
  value: number;
}

export interface Metric {
  readonly definition: MetricDefinition;
  /** The present values. It neither waits nor fails. */
  samples(): Iterable<Sample>;
}

/** Labels as text: `{reason="fault",route="auth"}`. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeValue = (value: string): string =>
  value.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`);

/** Every combination of the labels' values, the last label changing fastest. */
export function combinations(values: LabelValues): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, ofName] of Object.entries(values))
    all = all.flatMap((labels) => ofName.map((value) => ({ ...labels, [name]: value })));
  return all;
}
