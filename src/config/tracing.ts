import { z } from 'zod';
import { fraction, integer, milliseconds, oneOf, text } from './fields.ts';

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
  OTEL_EXPORTER_OTLP_HEADERS: text(
    /^[\w!#$%&'*.^`|~+-]+=[\x20-\x2b\x2d-\x7e]*(,[\w!#$%&'*.^`|~+-]+=[\x20-\x2b\x2d-\x7e]*)*$/,
    'names and values such as `name=value`, separated by commas',
  )
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
