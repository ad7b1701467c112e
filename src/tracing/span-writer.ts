import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';
import { type EndedRequest, NextIds, RequestSpans } from './request-spans.ts';
import { HttpSpanExporter } from './span-exporter.ts';

export interface SpanWriterOptions {
  /** The base URL of the collector, to which `/v1/traces` is added. */
  endpoint: string;
  /** For the collector, such as its key. */
  headers: Readonly<Record<string, string>>;
  serviceName: string;
  exportTimeoutMs: number;
  queueMax: number;
  intervalMs: number;
  upstreamOrigin: string;
  log: Logger;
}

export interface SpanWriter {
  /** Records the spans of a request. It never waits: if too many spans wait for their export, these are dropped. */
  write(request: EndedRequest): void;
  /** Exports what waits, for a second at most. */
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 1000;
const BATCH_MAX = 512;

/**
 * Exports the spans of requests with the OpenTelemetry SDK. Spans are made when a request has ended, from the times
 * that its record holds, so that tracing adds nothing to a request in progress. Load this module only to export.
 */
export function openSpanWriter(options: SpanWriterOptions): SpanWriter {
  const { serviceName, exportTimeoutMs: timeoutMs, queueMax, intervalMs, upstreamOrigin, log } = options;
  const url = new URL(`${options.endpoint.replace(/\/$/, '')}/v1/traces`);
  const exporter = new HttpSpanExporter({ url, headers: options.headers, timeoutMs, log });
  const ids = new NextIds();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'service.instance.id': randomUUID(),
      'telemetry.sdk.language': 'nodejs',
    }),
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: queueMax,
        maxExportBatchSize: Math.min(BATCH_MAX, queueMax),
        scheduledDelayMillis: intervalMs,
        exportTimeoutMillis: timeoutMs + 1000,
      }),
    ],
  });
  const spans = new RequestSpans(provider.getTracer('portcullis'), ids, upstreamOrigin);
  return {
    write: (request) => spans.write(request),
    close: async () => {
      const flushed = provider.shutdown().catch(() => {});
      await Promise.race([flushed, delay(CLOSE_TIMEOUT_MS)]);
      await exporter.shutdown();
    },
  };
}
