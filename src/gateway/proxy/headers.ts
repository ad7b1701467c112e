import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import QuickLRU from 'quick-lru';
import { DENY_ALL_CSP, STRICT_TRANSPORT } from '../security-headers.ts';
import type { Site } from '../site.ts';

/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const NAME_CACHE_SIZE = 1000;

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
 * Headers that only the gateway may send to the upstream, that the upstream must not see, or that make some services
 * read another sender, method or path than the policy has checked. `Proxy` would become a CGI service's `HTTP_PROXY`
 * (CVE-2016-5385).
 */
const DENIED_FROM_CLIENT = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'client-ip',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'proxy',
  'remote-user',
  'true-client-ip',
  'x-request-id',
]);
const DENIED_FROM_CLIENT_PREFIX =
  /^x-(?:auth|client-ip|cluster-client-ip|forwarded|http-method|method-override|original|real-ip|remote|rewrite)/;

/** Many services replace other punctuation with `_` or `-`, and would read `X_Forwarded_For` as the gateway's header. */
const UNAMBIGUOUS_NAME = /^[a-z0-9-]+$/;

/**
 * Headers that the upstream may not send to clients. Its cookies would never be sent back to it, its challenges are for
 * the gateway, and headers that browsers apply to the whole site are the gateway's decision.
 */
const DENIED_FROM_UPSTREAM = new Set([
  ...HOP_BY_HOP,
  'alt-svc',
  'authentication-info',
  'clear-site-data',
  'nel',
  'report-to',
  'service-worker-allowed',
  'set-cookie',
  STRICT_TRANSPORT,
  'www-authenticate',
  'x-content-type-options',
  'x-request-id',
]);

export interface GatewayHeaderValues {
  assertion: string;
  clientAddress: string;
  /** The gateway as seen by clients. */
  site: Pick<Site, 'protocol' | 'host'>;
  requestId: string;
}

/**
 * The headers for the upstream, as a flat list of names and values: those of the client that are not denied, and the
 * gateway's own. Headers that `Connection` names are dropped before the gateway's are added, so that a client can
 * neither forge nor strip them.
 */
export function headersForUpstream(incoming: IncomingMessage, values: GatewayHeaderValues): string[] {
  const { rawHeaders, headers } = incoming;
  const named = namedByConnection(headers.connection);
  const forwarded: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = forwardedName(rawHeaders[i] as string);
    if (name !== '' && !named?.has(name)) forwarded.push(name, rawHeaders[i + 1] as string);
  }
  forwarded.push(
    'authorization',
    `Bearer ${values.assertion}`,
    'x-forwarded-for',
    values.clientAddress,
    'x-forwarded-proto',
    values.site.protocol,
    'x-request-id',
    values.requestId,
  );
  forwarded.push('x-forwarded-host', values.site.host);
  return forwarded;
}

/** The name under which a client's header is forwarded, or '' if it is denied. Most requests have the same few names. */
function forwardedName(raw: string): string {
  const cached = forwardedNames.get(raw);
  if (cached !== undefined) return cached;
  const name = raw.toLowerCase();
  const forwarded = isAllowedFromClient(name) ? name : '';
  forwardedNames.set(raw, forwarded);
  return forwarded;
}

const forwardedNames = new QuickLRU<string, string>({ maxSize: NAME_CACHE_SIZE / 2 });

const isAllowedFromClient = (name: string): boolean =>
  !DENIED_FROM_CLIENT.has(name) && UNAMBIGUOUS_NAME.test(name) && !DENIED_FROM_CLIENT_PREFIX.test(name);

/**
 * The headers of the upstream's response for the client, as a flat list of names and values. Upstream responses have the
 * same origin as the gateway's own pages, so a document among them would act as the logged-in user. A second
 * `Content-Security-Policy`, which holds besides the upstream's own, keeps it from doing anything.
 */
export function headersForClient(
  headers: IncomingHttpHeaders,
  requestId: string,
  strictTransport?: string,
): string[] {
  const named = namedByConnection(headers.connection);
  const forwarded: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || DENIED_FROM_UPSTREAM.has(name) || named?.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) forwarded.push(name, one);
  }
  if (headers['cache-control'] === undefined || named?.has('cache-control'))
    forwarded.push('cache-control', 'no-store');
  forwarded.push('content-security-policy', DENY_ALL_CSP);
  forwarded.push('x-content-type-options', 'nosniff', 'x-request-id', requestId);
  if (strictTransport !== undefined) forwarded.push(STRICT_TRANSPORT, strictTransport);
  return forwarded;
}

/** The names in `Connection`, or undefined if it has only the usual value. */
function namedByConnection(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    connection
      .toString()
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
}
