import type { IncomingMessage } from 'node:http';
import QuickLRU from 'quick-lru';
import { formatTraceParent, type TraceContext } from '../../tracing/trace-context.ts';
import type { Site } from '../site.ts';

/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const NAME_CACHE_SIZE = 1000;

/**
 * The headers of a client that every upstream gets: they describe the content, the representation that the client
 * wants, conditions, and how to repeat the request. None of them says who the client is, where it is, or
 * which other method, host or path it means. `FORWARD_HEADERS` adds names.
 */
export const FORWARDED_FROM_CLIENT: readonly string[] = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'pragma',
  'prefer',
  'priority',
  'range',
  'user-agent',
  'x-background',
];

/** The headers of W3C Trace Context. The gateway writes its own, even if `FORWARD_HEADERS` names them. */
const TRACE_HEADERS: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

export interface GatewayHeaderValues {
  assertion: string;
  clientAddress: string;
  requestId: string;
  trace: TraceContext;
}

/**
 * The headers for the upstream, as a flat list of names and values: those of the client that are allowed, and the
 * gateway's own. Headers that `Connection` names are dropped before the gateway's are added, so that a client can
 * neither forge nor strip them.
 */
export type UpstreamHeaders = (incoming: IncomingMessage, values: GatewayHeaderValues) => string[];

/** `site` is the gateway as seen by clients; `added` are the names of `FORWARD_HEADERS`, in lower case. */
export function createUpstreamHeaders(
  site: Pick<Site, 'protocol' | 'host'>,
  added: readonly string[],
): UpstreamHeaders {
  const forwardedName = createNameLookup(
    new Set([...FORWARDED_FROM_CLIENT, ...added]).difference(TRACE_HEADERS),
  );
  return ({ rawHeaders, headers }, { assertion, clientAddress, requestId, trace }) => {
    const named = namedByConnection(headers.connection);
    const forwarded: string[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = forwardedName(rawHeaders[i] as string);
      if (name !== '' && !named?.has(name)) forwarded.push(name, rawHeaders[i + 1] as string);
    }
    forwarded.push('authorization', `Bearer ${assertion}`, 'x-forwarded-for', clientAddress);
    forwarded.push('x-forwarded-proto', site.protocol, 'x-forwarded-host', site.host);
    forwarded.push('x-request-id', requestId);
    forwarded.push('traceparent', formatTraceParent(trace.traceId, trace.upstreamSpanId, trace.isSampled));
    if (trace.state !== undefined) forwarded.push('tracestate', trace.state);
    return forwarded;
  };
}

/** Finds the name under which a client's header is forwarded, or ''. Most requests have the same few names. */
function createNameLookup(allowed: ReadonlySet<string>): (raw: string) => string {
  const cache = new QuickLRU<string, string>({ maxSize: NAME_CACHE_SIZE / 2 });
  return (raw) => {
    const cached = cache.get(raw);
    if (cached !== undefined) return cached;
    const name = raw.toLowerCase();
    const forwarded = allowed.has(name) ? name : '';
    cache.set(raw, forwarded);
    return forwarded;
  };
}

/** The names in `Connection`, which are for the next hop only (RFC 9110, section 7.6.1), or undefined if it has only the usual value. */
export function namedByConnection(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    connection
      .toString()
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
}
