import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Memo } from '../../memo.ts';
import { DENY_ALL_CSP, STRICT_TRANSPORT } from '../security-headers.ts';
import type { Site } from '../site.ts';

/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const NAME_CACHE_SIZE = 1000;

/** Meant for the next hop only (RFC 9110, section 7.6.1). */
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
 * What only the gateway may say to the bank, what the bank must not see, and what makes some services read
 * another sender, method or path than policy judged. `Proxy` would become a CGI service's `HTTP_PROXY`
 * (CVE-2016-5385).
 */
const NEVER_FROM_CLIENT = new Set([
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
const NEVER_FROM_CLIENT_FAMILY =
  /^x-(?:auth|client-ip|cluster-client-ip|forwarded|http-method|method-override|original|real-ip|remote|rewrite)/;

/** Many services fold all other punctuation into `_` or `-`, so that `X_Forwarded_For` would pass for ours. */
const UNMISTAKABLE_NAME = /^[a-z0-9-]+$/;

/**
 * The gateway's cookies are the only ones: a cookie of the bank's would never come back to it. A challenge of
 * the bank's is to the gateway, and no client can meet it. What browsers take for the whole site, such as how to reach
 * it and what to forget of it, is not the bank's to say.
 */
const NEVER_FROM_BANK = new Set([
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

export interface ForwardedFacts {
  /** The gateway's assertion. */
  assertion: string;
  clientAddress: string;
  /** The gateway as clients know it. */
  site: Pick<Site, 'protocol' | 'host'>;
  requestId: string;
}

/**
 * The headers that go to the bank, as a flat list of names and values: the client's, less everything that it
 * must not say, plus the gateway's own. What `Connection` names is dropped before ours are added, so that a
 * client can neither forge nor strip them.
 */
export function headersForUpstream(incoming: IncomingMessage, facts: ForwardedFacts): string[] {
  const { rawHeaders, headers } = incoming;
  const named = namedByConnection(headers.connection);
  const forwarded: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = forwardedName(rawHeaders[i] as string);
    if (name !== '' && !named?.has(name)) forwarded.push(name, rawHeaders[i + 1] as string);
  }
  forwarded.push(
    'authorization',
    `Bearer ${facts.assertion}`,
    'x-forwarded-for',
    facts.clientAddress,
    'x-forwarded-proto',
    facts.site.protocol,
    'x-request-id',
    facts.requestId,
  );
  forwarded.push('x-forwarded-host', facts.site.host);
  return forwarded;
}

/** The name under which a client's header is passed on, or nothing; the few that there are come again and again. */
function forwardedName(raw: string): string {
  const known = forwardedNames.get(raw);
  if (known !== undefined) return known;
  const name = raw.toLowerCase();
  const forwarded = isClients(name) ? name : '';
  forwardedNames.set(raw, forwarded);
  return forwarded;
}

const forwardedNames = new QuickLRU<string, string>({ maxSize: NAME_CACHE_SIZE / 2 });

/** Whether a client may say this to the bank. */
const isClients = (name: string): boolean =>
  !NEVER_FROM_CLIENT.has(name) && UNMISTAKABLE_NAME.test(name) && !NEVER_FROM_CLIENT_FAMILY.test(name);

/**
 * The headers of the bank's answer that go to the client, as a flat list of names and values. The bank shares its
 * origin with the gateway's own pages: a document of its that a browser opened would act as the user who is logged in.
 * So none does anything, by a policy that holds besides the bank's own.
 */
export function headersForClient(
  headers: IncomingHttpHeaders,
  requestId: string,
  strictTransport?: string,
): string[] {
  const named = namedByConnection(headers.connection);
  const passed: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || NEVER_FROM_BANK.has(name) || named?.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) passed.push(name, one);
  }
  if (headers['cache-control'] === undefined || named?.has('cache-control'))
    passed.push('cache-control', 'no-store');
  passed.push('content-security-policy', DENY_ALL_CSP);
  passed.push('x-content-type-options', 'nosniff', 'x-request-id', requestId);
  if (strictTransport !== undefined) passed.push(STRICT_TRANSPORT, strictTransport);
  return passed;
}

/** The names in `Connection`, or undefined when it holds nothing but what is usual. */
function namedByConnection(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    connection
      .toString()
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
}
