import type { IncomingMessage } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import { declaresTooMuch, isPlainlyFramed } from './body.ts';
import { isPathTooLong, targetRefusal } from './target.ts';

/** Why the edge refuses a request, if it does. */
export function edgeRefusal(
  incoming: IncomingMessage,
  path: string | undefined,
  { pathMaxBytes, bodyMaxBytes }: Pick<GatewaySettings, 'pathMaxBytes' | 'bodyMaxBytes'>,
): 'request_malformed' | 'path_too_long' | 'target_not_canonical' | 'body_too_large' | undefined {
  if (!isHttp1(incoming) || !isPlainlyFramed(incoming) || !hasOneHost(incoming)) return 'request_malformed';
  const { url = '' } = incoming;
  if (isPathTooLong(url, pathMaxBytes)) return 'path_too_long';
  if (path === undefined) return targetRefusal(url);
  return declaresTooMuch(incoming, bodyMaxBytes) ? 'body_too_large' : undefined;
}

/** Node's parser accepts requests that claim to be HTTP/0.9 or HTTP/2.0, whose format is different. */
const isHttp1 = ({ httpVersionMajor }: IncomingMessage): boolean => httpVersionMajor === 1;

/** A name or an address, perhaps with a port (RFC 9110, section 7.2): nothing that a URL parser could read as a path. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Whether there is one `Host` (RFC 9112, section 3.2). Node keeps the first of several; the raw list has all. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  let isValid = true;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length !== 4 || rawHeaders[i]?.toLowerCase() !== 'host') continue;
    hosts += 1;
    isValid &&= isHost(rawHeaders[i + 1] ?? '');
  }
  return hosts === 1 && isValid;
}

/** Hosts that have been found valid lately: most requests name the same few. */
const validHosts = new Set<string>();
const VALID_HOSTS_MAX = 100;
const REMEMBERED_MAX_CHARACTERS = 255;

function isHost(host: string): boolean {
  if (validHosts.has(host)) return true;
  if (!HOST.test(host) || !isReadAsWritten(host)) return false;
  if (validHosts.size >= VALID_HOSTS_MAX) validHosts.clear();
  if (host.length <= REMEMBERED_MAX_CHARACTERS) validHosts.add(host);
  return true;
}

/** Whether URL parsers read the text as exactly this host. They read `127.1`, for example, as 127.0.0.1. */
const isReadAsWritten = (host: string): boolean =>
  URL.parse(`http://${host}`)?.hostname === host.replace(/:\d+$/, '').toLowerCase();
