import type { Metric, Sample } from './metric.ts';

/** An encoding of metrics for a scrape. */
export interface Exposition {
  contentType: string;
  /** The text of all metrics. It neither waits nor asks anybody else. */
  write(metrics: readonly Metric[]): string;
}

/** The Prometheus text format, version 0.0.4. */
export const PROMETHEUS_TEXT: Exposition = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  write: (metrics) => metrics.map((metric) => block(metric, metric.definition.name)).join(''),
};

/** OpenMetrics 1.0: the name of a family of counters has no `_total`, and the text has an end. */
export const OPENMETRICS_TEXT: Exposition = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  write: (metrics) => `${metrics.map((metric) => block(metric, familyOf(metric))).join('')}# EOF\n`,
};

/** The format that a scraper prefers, by its `Accept` header: OpenMetrics if it is named. */
export const expositionFor = (accept: string | undefined): Exposition =>
  accept?.includes('application/openmetrics-text') === true ? OPENMETRICS_TEXT : PROMETHEUS_TEXT;

const familyOf = ({ definition: { name, type } }: Metric): string =>
  type === 'counter' ? name.replace(/_total$/, '') : name;

function block(metric: Metric, family: string): string {
  const { name, type, help } = metric.definition;
  let text = `# HELP ${family} ${help.replaceAll('\\', String.raw`\\`).replaceAll('\n', ' ')}\n# TYPE ${family} ${type}\n`;
  for (const sample of metric.samples()) text += line(name, sample);
  return text;
}

const line = (name: string, { suffix, labels, value }: Sample): string =>
  `${name}${suffix}${labels} ${numberText(value)}\n`;

const numberText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
};
