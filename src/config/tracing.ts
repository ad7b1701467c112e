import { z } from 'zod';
import { fraction, integer, milliseconds, oneOf, text } from './fields.ts';

/** The headers of `name=value` pairs, or undefined if one is invalid. Values are percent-encoded (W3C Baggage). */
function parseHeaders(list: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const pair of list.split(',')) {
    const [, name = '', encoded = ''] = /^\s*([\w!#$%&'*.^`|~+-]+)=(.*?)\s*$/s.exec(pair) ?? [];
    const value = decoded(encoded);
    if (name === '' || value === undefined || !/^[\x20-\x7e]*$/.test(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

const collectorHeaders = () =>
  z.string().transform((value, context) => {
    const headers = parseHeaders(value);
    if (headers !== undefined) return headers;
    context.addIssue({ code: 'custom', message: 'must be `name=value` pairs separated by commas' });
    return z.NEVER;
  });

/** Traces of the gateway. The names that begin with `OTEL_` are those of the OpenTelemetry specification. */
export const tracingShape = {
  TRACE_CONTEXT_TRUST: oneOf('never', 'id', 'proxies', 'always')
    .default('id')
    .describe(
      "what is used of a client's `traceparent`: `never` begins a new trace, `id` keeps the trace id only, `proxies` uses the whole context of `TRUSTED_PROXIES` and nothing of others, `always` uses that of every client",
    ),
  TRACE_SAMPLE_RATIO: fraction()
    .default(1)
    .describe('fraction of requests whose spans are exported, from 0 to 1'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe(
      'base URL of an OpenTelemetry collector, to which spans are sent as OTLP over HTTP with JSON (`/v1/traces` is added); without it, there are no spans',
    ),
  OTEL_EXPORTER_OTLP_HEADERS: collectorHeaders()
    .optional()
    .describe('headers for the collector, such as `authorization=Bearer%20…`; values are percent-encoded'),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds(10, 600_000, 10_000).describe(
    'timeout of an export to the collector in milliseconds, with its retries',
  ),
  OTEL_SERVICE_NAME: text(/^[\x21-\x7e]{1,256}$/, '1 to 256 visible ASCII characters')
    .default('portcullis-gateway')
    .describe('`service.name` of the spans'),
  OTEL_BSP_MAX_QUEUE_SIZE: integer(1, 1_000_000)
    .default(2048)
    .describe('maximum spans that wait for their export; further ones are dropped'),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds(10, 600_000, 5000).describe(
    'interval between two exports in milliseconds, unless 512 spans wait',
  ),
} satisfies z.ZodRawShape;
