import type { Tracer } from '@opentelemetry/api';
import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace as traces } from '@opentelemetry/api';
import type { RequestRecord, StageRun } from '../request-record.ts';
import { newSpanId, type TraceContext } from './trace-context.ts';

/**
 * A request that has ended. It has no field for a user, an address, a path or a header, so that none can get into a
 * span: paths hold account numbers.
 */
export interface EndedRequest {
  record: RequestRecord;
  trace: TraceContext;
  requestId: string;
  method: string;
  /** The pattern of the path, if it matches one. */
  route: string | undefined;
  /** The status of the response, if it has begun. */
  status: number | undefined;
}

/** Gives the next span the id that is set. */
export class NextIds {
  traceId = '';
  spanId = '';
  generateTraceId = (): string => this.traceId;
  generateSpanId = (): string => this.spanId;
}

/** Semantic conventions: other methods are `_OTHER`, so that a client cannot make up names of spans. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** Records the spans of requests that have ended: one of the server, and one for each run of a stage. */
export class RequestSpans {
  readonly #tracer: Tracer;
  readonly #ids: NextIds;
  readonly #upstream: Attributes;

  /** `upstreamOrigin` is the `BANK_URL`. */
  constructor(tracer: Tracer, ids: NextIds, upstreamOrigin: string) {
    this.#tracer = tracer;
    this.#ids = ids;
    const { hostname, port, protocol } = new URL(upstreamOrigin);
    const defaultPort = protocol === 'https:' ? 443 : 80;
    this.#upstream = { 'server.address': hostname, 'server.port': Number(port) || defaultPort };
  }

  write(request: EndedRequest): void {
    const { record, trace, status } = request;
    const endMs = performance.now();
    const parent = this.#contextOf(trace.traceId, trace.parentId);
    Object.assign(this.#ids, { traceId: trace.traceId, spanId: trace.spanId });
    const method = METHODS.has(request.method) ? request.method : '_OTHER';
    const name = request.route === undefined ? method : `${method} ${request.route}`;
    const span = this.#tracer.startSpan(
      name,
      { kind: SpanKind.SERVER, startTime: record.startMs, attributes: serverAttributes(request, method) },
      parent,
    );
    if (status !== undefined && status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    const lastSent = record.stages.findLast(({ stage }) => stage === 'upstream');
    for (const run of record.stages)
      this.#writeStage(request, run, {
        method,
        endMs,
        id: run === lastSent ? trace.upstreamSpanId : newSpanId(),
      });
    span.end(endMs);
  }

  #writeStage(
    { trace, record }: EndedRequest,
    run: StageRun,
    { method, endMs, id }: { method: string; endMs: number; id: string },
  ): void {
    this.#ids.spanId = id;
    const isUpstream = run.stage === 'upstream';
    const isLast = id === trace.upstreamSpanId;
    const status = isLast ? record.upstreamStatus : undefined;
    const attributes = isUpstream
      ? { ...this.#upstream, 'http.request.method': method, ...statusAttribute(status) }
      : {};
    const kind = isUpstream ? SpanKind.CLIENT : SpanKind.INTERNAL;
    const options = { kind, startTime: run.startMs, attributes };
    const span = this.#tracer.startSpan(run.stage, options, this.#contextOf(trace.traceId, trace.spanId));
    // Other refusals are a decision of the gateway and no error of the stage.
    const isError = run.endMs === undefined || (status ?? 0) >= 400;
    if (isError)
      span.setAttribute('error.type', errorType(record, status)).setStatus({ code: SpanStatusCode.ERROR });
    span.end(run.endMs ?? endMs);
  }

  #contextOf(traceId: string, spanId: string | undefined) {
    if (spanId === undefined) return ROOT_CONTEXT;
    return traces.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true });
  }
}

function serverAttributes({ record, requestId, route, status }: EndedRequest, method: string): Attributes {
  return {
    'http.request.method': method,
    ...(route !== undefined && { 'http.route': route }),
    ...statusAttribute(status),
    ...(status === undefined || status >= 500 ? { 'error.type': errorType(record, status) } : {}),
    'portcullis.request_id': requestId,
    'portcullis.granted': record.isGranted && record.reason === undefined,
    ...(record.reason !== undefined && { 'portcullis.refusal.reason': record.reason }),
  };
}

const statusAttribute = (status: number | undefined): Attributes =>
  status === undefined ? {} : { 'http.response.status_code': status };

const errorType = ({ reason }: RequestRecord, status: number | undefined): string =>
  reason ?? (status === undefined ? 'client_left' : String(status));
