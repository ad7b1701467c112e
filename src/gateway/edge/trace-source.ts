import type { IncomingMessage } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import { isInRanges } from '../../http/addresses.ts';
import {
  newSpanId,
  newTraceId,
  parseTraceParent,
  parseTraceState,
  type TraceContext,
} from '../../tracing/trace-context.ts';

type TraceSettings = Pick<
  GatewaySettings,
  'traceContextTrust' | 'trustedProxies' | 'traceSampleRatio' | 'otelExporterOtlpEndpoint'
>;

/** Places a request in a trace: the client's or a new one. */
export type TraceSource = (incoming: IncomingMessage) => TraceContext;

/**
 * Decides what is used of the trace context that a client sends. By default that is the trace id alone: a stranger must
 * decide neither whose spans are recorded nor what an upstream reads from `tracestate`. For the same reason sampling
 * does not depend on the trace id.
 */
export function createTraceSource(settings: TraceSettings): TraceSource {
  const { traceSampleRatio } = settings;
  const isExported = settings.otelExporterOtlpEndpoint !== undefined;
  return (incoming) => {
    const trust = trustIn(incoming, settings);
    const parent = trust === 'nothing' ? undefined : parseTraceParent(incoming.headers.traceparent);
    const isWhole = trust === 'whole' && parent !== undefined;
    const traceId = parent?.traceId ?? newTraceId();
    const state = isWhole ? parseTraceState(incoming.headers.tracestate) : undefined;
    if (!isExported) {
      // The upstream's spans then belong to those of the caller, because the gateway has none of its own.
      const spanId = parent?.parentId ?? newSpanId();
      return passedOn({ traceId, spanId, isSampled: isWhole && parent.isSampled, state });
    }
    const isSampled = isWhole ? parent.isSampled : Math.random() < traceSampleRatio;
    return {
      traceId,
      spanId: newSpanId(),
      upstreamSpanId: newSpanId(),
      parentId: parent?.parentId,
      isSampled,
      state,
    };
  };
}

const passedOn = (
  context: Pick<TraceContext, 'traceId' | 'spanId' | 'isSampled' | 'state'>,
): TraceContext => ({
  ...context,
  upstreamSpanId: context.spanId,
  parentId: undefined,
});

function trustIn(
  { socket }: IncomingMessage,
  { traceContextTrust, trustedProxies }: TraceSettings,
): 'nothing' | 'id' | 'whole' {
  if (traceContextTrust === 'always') return 'whole';
  if (traceContextTrust === 'proxies')
    return isInRanges(socket.remoteAddress ?? '', trustedProxies) ? 'whole' : 'nothing';
  return traceContextTrust === 'id' ? 'id' : 'nothing';
}
