import type { IncomingHttpHeaders } from 'node:http';
import { DENY_ALL_CSP } from '../../http/problem.ts';
import { UPSTREAM_PREFIX } from '../edge/target.ts';
import { STRICT_TRANSPORT } from '../security-headers.ts';
import type { Site } from '../site.ts';
import { namedByConnection } from './request-headers.ts';

/** Headers for the next hop only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Headers that the upstream may not send to clients. Its cookies would never be sent back to it, its challenges are for
 * the gateway, headers that browsers apply to the whole site or to other sites are the gateway's decision, and its
 * software is nobody's business.
 */
const DENIED_FROM_UPSTREAM = new Set([
  ...HOP_BY_HOP,
  'alt-svc',
  'authentication-info',
  'clear-site-data',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'server',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  STRICT_TRANSPORT,
  'traceparent',
  'traceresponse',
  'tracestate',
  'www-authenticate',
  'x-content-type-options',
  'x-powered-by',
  'x-request-id',
]);

/** The headers of the CORS protocol (Fetch Standard, section 3.3), with which an upstream would let other sites read. */
const CORS_PREFIX = 'access-control-';

/** Headers whose value is a URI reference to another resource (RFC 9110, sections 8.7 and 10.2.2). */
const LOCATIONS = new Set(['location', 'content-location']);

interface ResponseHeaderOptions {
  site: Pick<Site, 'origin'>;
  /** The origin of the upstream. */
  bankUrl: string;
  /** Other origins that the upstream may refer clients to. */
  redirectOrigins: readonly string[];
}

interface ResponseHeaderValues {
  /** The path and query that the upstream got, to which a relative `Location` refers. */
  target: string;
  requestId: string;
  strictTransport?: string | undefined;
}

/**
 * The headers of the upstream's response for the client, as a flat list of names and values. Upstream responses have the
 * same origin as the gateway's own pages, so a document among them would act as the logged-in user. A second
 * `Content-Security-Policy`, which holds besides the upstream's own, keeps it from doing anything.
 */
export type ClientHeaders = (headers: IncomingHttpHeaders, values: ResponseHeaderValues) => string[];

export function createClientHeaders(options: ResponseHeaderOptions): ClientHeaders {
  const publicLocation = createLocations(options);
  return (headers, { target, requestId, strictTransport }) => {
    const forwarded = allowedHeaders(headers, (name, value) => {
      if (value === DENY_ALL_CSP) return undefined;
      return LOCATIONS.has(name) ? publicLocation(value, target) : value;
    });
    if (!forwarded.includes('cache-control')) forwarded.push('cache-control', 'no-store');
    forwarded.push('content-security-policy', DENY_ALL_CSP);
    forwarded.push('x-content-type-options', 'nosniff', 'x-request-id', requestId);
    if (strictTransport !== undefined) forwarded.push(STRICT_TRANSPORT, strictTransport);
    return forwarded;
  };
}

/** The headers that the upstream may send, each value as `show` returns it, or not at all. */
function allowedHeaders(
  headers: IncomingHttpHeaders,
  show: (name: string, value: string) => string | undefined,
): string[] {
  const named = namedByConnection(headers.connection);
  const allowed: string[] = [];
  for (const [name, values = []] of Object.entries(headers)) {
    if (isDenied(name) || named?.has(name)) continue;
    for (const value of typeof values === 'string' ? [values] : values) {
      const shown = show(name, value);
      if (shown !== undefined) allowed.push(name, shown);
    }
  }
  return allowed;
}

const isDenied = (name: string): boolean => DENIED_FROM_UPSTREAM.has(name) || name.startsWith(CORS_PREFIX);

/**
 * Translates a URI reference of the upstream for clients: a resource of the upstream is shown under the gateway's
 * origin and prefix, one of a listed origin as it is, and any other not at all.
 */
function createLocations({ site, bankUrl, redirectOrigins }: ResponseHeaderOptions) {
  const upstreamOrigin = new URL(bankUrl).origin;
  const passed = new Set(redirectOrigins);
  return (reference: string, target: string): string | undefined => {
    const url = URL.parse(reference, upstreamOrigin + target);
    if (url?.origin === upstreamOrigin)
      return `${site.origin}${UPSTREAM_PREFIX}${url.pathname}${url.search}${url.hash}`;
    return url !== null && passed.has(url.origin) ? url.href : undefined;
  };
}
