import { setTimeout as delay } from 'node:timers/promises';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../log.ts';

export interface SpanExporterOptions {
  /** Of the collector, such as `http://127.0.0.1:4318/v1/traces`. */
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** For an export with its retries. */
  timeoutMs: number;
  log: Logger;
}

type ExportCallback = Parameters<SpanExporter['export']>[1];

/** Statuses of a collector that is overloaded or starting (OTLP/HTTP, "Retryable Response Codes"). */
const RETRYABLE = new Set([429, 502, 503, 504]);
const RETRY_INTERVAL_MS = 1000;
/** How often failures are logged, at most. */
const LOG_INTERVAL_MS = 60_000;

/**
 * Sends spans as OTLP over HTTP with JSON. A failed export is tried again until its timeout; then its spans are lost.
 * Unlike the exporter of OpenTelemetry, it can be stopped at any time, so that a collector that is down delays no stop.
 */
export class HttpSpanExporter implements SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #stop = new AbortController();
  #lost = 0;
  #loggedMs = -LOG_INTERVAL_MS;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  export(spans: ReadableSpan[], callback: ExportCallback): void {
    const body = JsonTraceSerializer.serializeRequest(spans);
    this.#send(Buffer.from(body ?? [])).then(
      () => callback({ code: 0 }),
      (error: Error) => {
        this.#logLoss(spans.length, error);
        callback({ code: 1, error });
      },
    );
  }

  async shutdown(): Promise<void> {
    this.#stop.abort();
  }

  async #send(body: Buffer<ArrayBuffer>): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    const { url, headers } = this.#options;
    const request = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal,
    } as const;
    for (;;) {
      const status = await statusOf(fetch(url, request), signal);
      if (status !== undefined && status < 300) return;
      if (status !== undefined && !RETRYABLE.has(status))
        throw new Error(`the collector responded with ${status}`);
      await delay(RETRY_INTERVAL_MS, undefined, { signal, ref: false });
    }
  }

  #logLoss(spans: number, { message }: Error): void {
    this.#lost += spans;
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs < LOG_INTERVAL_MS) return;
    const fields = { event: 'spans_not_exported', spans: this.#lost, reason: message };
    this.#options.log.warn(fields, 'the OpenTelemetry collector did not accept spans');
    [this.#loggedMs, this.#lost] = [nowMs, 0];
  }
}

/** The status of a response, or undefined if there is none. @throws if the export was aborted meanwhile */
async function statusOf(sent: Promise<Response>, signal: AbortSignal): Promise<number | undefined> {
  try {
    const response = await sent;
    await response.body?.cancel();
    return response.status;
  } catch (fault) {
    if (signal.aborted) throw fault;
    return undefined;
  }
}
