import type { IncomingMessage } from 'node:http';
import { hasBody } from './body.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The routes that depend neither on a user nor on a name of the gateway. */
const PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** What HAProxy sends if it is told no path (`option httpchk`). */
const isHaproxyDefault = (method: string, url: string): boolean => method === 'OPTIONS' && url === '/';

/**
 * Whether a request is a health check in HTTP/1.0 without `Host`, which HTTP/1.0 does not require (RFC 9112, section
 * 3.2). Load balancers send them, some with `OPTIONS`: such a request becomes a GET.
 *
 * Every other request needs a `Host`, in HTTP/1.0 too: two hops must not read different names from it.
 */
export function takePlainHealthCheck(incoming: IncomingMessage): boolean {
  const { httpVersion, headers, method = '', url = '' } = incoming;
  if (httpVersion !== '1.0' || headers.host !== undefined) return false;
  if (!METHODS.has(method) || hasBody(incoming)) return false;
  if (!isHaproxyDefault(method, url) && !PATHS.has(url)) return false;
  if (isHaproxyDefault(method, url)) incoming.url = '/readyz';
  if (method === 'OPTIONS') incoming.method = 'GET';
  return true;
}
