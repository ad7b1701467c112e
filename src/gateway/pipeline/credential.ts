import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../refusal.ts';
import { hasTokenInQuery } from '../edge/target.ts';

export type CredentialReason =
  | 'credential_missing'
  | 'credential_malformed'
  | 'credential_twice'
  | 'token_in_query'
  | 'csrf';

/** Where the gateway's own site is and what its cookie is called. */
export interface Site {
  /** The origin (RFC 6454) that the browser shows, such as `https://bank.example`. */
  origin: string;
  /** `__Host-portcullis` behind TLS (RFC 6265bis, section 4.1.3), `portcullis` on plain loopback http. */
  cookieName: string;
  /** The same for the refresh token. */
  refreshCookieName: string;
  /** `/` behind TLS, as `__Host-` demands; elsewhere where the gateway takes it. */
  refreshCookiePath: string;
  secure: boolean;
  /** Host and perhaps port, as in the issuer: a client's own `Host` is not believed. */
  host: string;
  /** As the client sees it. */
  protocol: 'http' | 'https';
}

export function siteOf(issuer: string): Site {
  const { origin, protocol, host } = new URL(issuer);
  const secure = protocol === 'https:';
  return {
    origin,
    host,
    secure,
    protocol: secure ? 'https' : 'http',
    cookieName: secure ? '__Host-portcullis' : 'portcullis',
    refreshCookieName: secure ? '__Host-portcullis-refresh' : 'portcullis-refresh',
    refreshCookiePath: secure ? '/' : '/auth',
  };
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** By a page of the same origin, or by the user. */
const OWN_OR_NONE = new Set(['same-origin', 'none']);
const BEARER = /^Bearer ([^\s,]+)$/i;

/**
 * Stage 1: the one credential of a request, an unverified token from the `Authorization` header (RFC 6750,
 * section 2.1) or from the cookie. Two credentials are a refusal: nobody can know which one was meant.
 */
export function takeCredential(incoming: IncomingMessage, site: Site): string | Refusal<CredentialReason> {
  const authorizations = countHeader(incoming, 'authorization');
  const cookies = cookieValues(incoming, site.cookieName);
  if (hasTokenInQuery(incoming.url ?? '')) return new Refusal('token_in_query');
  if (authorizations + cookies.length > 1) return new Refusal('credential_twice');
  const [cookie] = cookies;
  if (cookie !== undefined) return isFromSite(incoming, site) ? cookie : new Refusal('csrf');
  if (authorizations === 0) return new Refusal('credential_missing');
  const token = BEARER.exec(incoming.headers.authorization ?? '')?.[1];
  return token ?? new Refusal('credential_malformed');
}

/**
 * Whether a request that a browser may have sent by itself comes from the site's own pages. `SameSite=Strict`
 * already keeps the cookie from other sites; this holds where a browser doesn't, and for neighbour hosts, to whose
 * pages the browser gives it. By reads, which they don't get to see, they could still keep a session alive or take its
 * share (Fetch Metadata, `Sec-Fetch-Site`); only a link may lead from there.
 */
export function isFromSite({ method = '', headers }: IncomingMessage, site: Site): boolean {
  const { origin, 'sec-fetch-site': fetchSite, 'sec-fetch-dest': destination } = headers;
  if (SAFE_METHODS.has(method))
    return fetchSite === undefined || OWN_OR_NONE.has(`${fetchSite}`) || destination === 'document';
  return origin === undefined ? fetchSite === 'same-origin' : origin === site.origin;
}

/** Node keeps only the first of several `Authorization` headers in `headers`; the raw list has them all. */
export function countHeader(incoming: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const raw = incoming.rawHeaders[i] ?? '';
    if (raw.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}

/** The values of one cookie as they were sent: neither trimmed, nor unquoted, nor percent-decoded. */
export function cookieValues(incoming: IncomingMessage, name: string): string[] {
  const header = incoming.headers.cookie;
  if (header === undefined) return [];
  return header
    .split(/; ?/)
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
