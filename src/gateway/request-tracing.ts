import type { GatewaySettings } from '../config/load.ts';
import type { Logger } from '../log.ts';
import type { SpanWriter } from '../tracing/span-writer.ts';
import type { createApp } from './app.ts';
import { isForUpstream } from './edge/target.ts';
import type { RequestContext, RequestObserver } from './request-context.ts';

/** Starts to export spans if there is a collector. OpenTelemetry is loaded only then. */
export async function openTracing(settings: GatewaySettings, log: Logger): Promise<SpanWriter | undefined> {
  const { otelExporterOtlpEndpoint: endpoint } = settings;
  if (endpoint === undefined) return undefined;
  const { openSpanWriter } = await import('../tracing/span-writer.ts');
  return openSpanWriter({
    endpoint,
    headers: settings.otelExporterOtlpHeaders ?? {},
    serviceName: settings.otelServiceName,
    exportTimeoutMs: settings.otelExporterOtlpTimeout,
    queueMax: settings.otelBspMaxQueueSize,
    intervalMs: settings.otelBspScheduleDelay,
    upstreamOrigin: settings.bankUrl,
    log,
  });
}

/** Health checks come often and would hide everything else. */
const UNTRACED_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** Records the spans of the requests that are sampled. */
export function observeForTraces(writer: SpanWriter, app: ReturnType<typeof createApp>): RequestObserver {
  return (context) => {
    const { incoming, outgoing, path, record, trace, requestId } = context;
    if (!trace.isSampled || UNTRACED_PATHS.has(path)) return;
    const status = outgoing.headersSent ? outgoing.statusCode : undefined;
    const { method = '' } = incoming;
    writer.write({ record, trace, requestId, method, route: record.route ?? ownRoute(app, context), status });
  };
}

/** The pattern of the gateway's own route that a request is for. It is found afterwards, because most need it never. */
function ownRoute(
  app: ReturnType<typeof createApp>,
  { path, incoming: { method = '' } }: RequestContext,
): string | undefined {
  if (isForUpstream(path)) return undefined;
  const [handlers] = app.router.match(method === 'HEAD' ? 'GET' : method, path);
  return handlers.at(-1)?.[0][1].path;
}
