import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.ts';

type Value = string | number | boolean | undefined;

/** A span as it was received, with its attributes by name. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, Value>;
  /** 2 is an error. */
  status: number;
}

interface Exported {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: ExportedSpan[] }[];
  }[];
}
interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number; boolValue?: boolean };
}
type ExportedSpan = Omit<ReceivedSpan, 'attributes' | 'status' | 'startMs' | 'endMs'> & {
  attributes: Attribute[];
  status: { code?: number };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
};

export interface SpanCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The bodies as they were received. */
  readonly bodies: readonly string[];
  /** The headers of the last export. */
  readonly headers: IncomingHttpHeaders;
  readonly resource: Record<string, Value>;
  /** How many exports have begun to arrive. */
  readonly exports: number;
  /** From now on, exports get this status, or no response. */
  respondWith(status: number | 'nothing'): void;
  /** Waits for the spans of the trace, the last of which is that of the server. */
  trace(traceId: string): Promise<ReceivedSpan[]>;
  close(): Promise<void>;
}

/** An OpenTelemetry collector that speaks OTLP over HTTP with JSON, and keeps what it receives. */
export async function startSpanCollector(): Promise<SpanCollector> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  let headers: IncomingHttpHeaders = {};
  let resource: Record<string, Value> = {};
  let response: number | 'nothing' = 200;
  let exports = 0;
  const server = createServer(async (incoming, outgoing) => {
    exports += 1;
    headers = incoming.headers;
    const chunks: Buffer[] = await incoming.toArray();
    if (response === 'nothing') return;
    outgoing.writeHead(incoming.url === '/v1/traces' ? response : 404, {
      'content-type': 'application/json',
    });
    if (response === 200) {
      bodies.push(Buffer.concat(chunks).toString());
      const exported = JSON.parse(bodies.at(-1) ?? '') as Exported;
      resource = byName(exported.resourceSpans[0]?.resource.attributes ?? []);
      spans.push(...spansIn(exported));
    }
    outgoing.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ofTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    get headers() {
      return headers;
    },
    get resource() {
      return resource;
    },
    get exports() {
      return exports;
    },
    respondWith: (next) => {
      response = next;
    },
    trace: async (traceId) => {
      await until(() => ofTrace(traceId).some(({ kind }) => kind === 2));
      return ofTrace(traceId);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const spansIn = ({ resourceSpans }: Exported): ReceivedSpan[] =>
  resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map(({ startTimeUnixNano, endTimeUnixNano, attributes, status, ...span }) => ({
      ...span,
      startMs: Number(BigInt(startTimeUnixNano) / 1000n) / 1000,
      endMs: Number(BigInt(endTimeUnixNano) / 1000n) / 1000,
      attributes: byName(attributes),
      status: status.code ?? 0,
    }));

const byName = (attributes: readonly Attribute[]): Record<string, Value> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  );
