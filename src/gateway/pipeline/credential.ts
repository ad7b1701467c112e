import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../refusal.ts';
import { hasTokenInQuery } from '../edge/target.ts';
import type { Site } from '../site.ts';

export type CredentialReason =
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_twice'
  | 'token_in_query'
  | 'csrf';

declare const unverified: unique symbol;

/** The text of a token as it was sent. Nothing about it has been verified. */
export type UnverifiedToken = string & { readonly [unverified]: true };

/** The token of a request, and how it was sent: in a cookie or with a scheme of the `Authorization` header. */
export interface Credential {
  token: UnverifiedToken;
  scheme: 'Bearer' | 'DPoP' | 'cookie';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Values of `Sec-Fetch-Site` for requests of a page of the same origin or of the user. */
const SAME_ORIGIN_OR_USER = new Set(['same-origin', 'none']);
/** By their names in lower case: scheme names are not case-sensitive (RFC 9110, section 11.1). */
const SCHEMES: ReadonlyMap<string, 'Bearer' | 'DPoP'> = new Map([
  ['bearer', 'Bearer'],
  ['dpop', 'DPoP'],
]);
/** What cannot be in a token: white space, and the comma between several values. */
const NOT_IN_TOKEN = /[\s,]/;

/**
 * Stage 1: the one credential of a request, an unverified token from the `Authorization` header (RFC 6750, section
 * 2.1; RFC 9449, section 7.1) or the cookie. Two credentials are refused, because it is not known which one is meant.
 */
export function takeCredential(
  incoming: IncomingMessage,
  site: Site,
): Credential | Refusal<CredentialReason> {
  const authorizations = countHeader(incoming, 'authorization');
  const cookies = cookieValues(incoming, site.cookieName);
  if (hasTokenInQuery(incoming.url ?? '')) return new Refusal('token_in_query');
  if (authorizations + cookies.length > 1) return new Refusal('credential_twice');
  const [cookie] = cookies;
  if (cookie !== undefined)
    return isFromSite(incoming, site)
      ? { token: cookie as UnverifiedToken, scheme: 'cookie' }
      : new Refusal('csrf');
  if (authorizations === 0) return new Refusal('credential_missing');
  return headerCredential(incoming.headers.authorization ?? '') ?? new Refusal('credential_malformed');
}

/** The token and the scheme of an `Authorization` header. */
function headerCredential(value: string): Credential | undefined {
  const schemeEnd = value.indexOf(' ');
  const scheme = SCHEMES.get(value.slice(0, Math.max(0, schemeEnd)).toLowerCase());
  const token = value.slice(schemeEnd + 1);
  if (scheme === undefined || token === '' || NOT_IN_TOKEN.test(token)) return undefined;
  return { token: token as UnverifiedToken, scheme };
}

/**
 * Whether a request with a cookie comes from the site's own pages. `SameSite=Strict` keeps the cookie from other sites
 * already; this check also covers browsers without it, and other hosts of the same site, to which browsers do send the
 * cookie. Their pages cannot read the responses, but even reads would extend a session and use up its user's limits
 * (Fetch Metadata, `Sec-Fetch-Site`). Only links to a document may come from there.
 */
export function isFromSite({ method = '', headers }: IncomingMessage, site: Site): boolean {
  const { origin, 'sec-fetch-site': fetchSite, 'sec-fetch-dest': destination } = headers;
  if (SAFE_METHODS.has(method))
    return fetchSite === undefined || SAME_ORIGIN_OR_USER.has(`${fetchSite}`) || destination === 'document';
  return origin === undefined ? fetchSite === 'same-origin' : origin === site.origin;
}

/** How often a header was sent. Node keeps only the first `Authorization` in `headers`; the raw list has all. */
export function countHeader(incoming: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const raw = incoming.rawHeaders[i] ?? '';
    if (raw.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}

/** All values of one cookie as they were sent: not trimmed, unquoted or percent-decoded. */
export function cookieValues(incoming: IncomingMessage, name: string): string[] {
  const header = incoming.headers.cookie;
  if (header === undefined) return [];
  return header
    .split(/; ?/)
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
