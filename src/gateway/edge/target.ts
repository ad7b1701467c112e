/** The path prefix of requests for the upstream. Everything else is for the gateway's own routes. */
export const UPSTREAM_PREFIX = '/bank';

/** Whether a canonical path is for the upstream. */
export const isForUpstream = (path: string): boolean =>
  path.startsWith(UPSTREAM_PREFIX) &&
  (path.length === UPSTREAM_PREFIX.length || path[UPSTREAM_PREFIX.length] === '/');

/** The path or target that the upstream gets: byte for byte that of the client, without the prefix. */
export const upstreamPath = (target: string): string => target.slice(UPSTREAM_PREFIX.length);

/**
 * The characters that a canonical path may have: RFC 3986's `pchar` and `/`, except `;`, after which some services
 * drop the rest of a segment, and except what `AMBIGUOUS` matches.
 */
const PATH = /^\/(?:[A-Z0-9\-._~!$&'()*+,=:@/]|%[0-9A-F]{2})*$/i;

/**
 * What two parsers can read as two paths: dot segments, empty segments, and escapes of characters that need none (RFC
 * 3986, section 2.3), of delimiters (`#/;?\`), of control characters and of `%` itself.
 */
const AMBIGUOUS =
  /\/\/|\/\.{1,2}(?:\/|$)|\.\.|%(?:[01][0-9A-F]|7F|2[35DEF]|3[0-9BF]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE])/i;

/** The same in a path without escapes. */
const AMBIGUOUS_DECODED = /\/\/|\/\.{1,2}(?:\/|$)|\.\.|[\p{Cc}#%;?\\]/u;

/** Visible ASCII without `#`, which ends the query for some parsers but not for others. */
const QUERY = /^[\x21\x22\x24-\x7e]*$/;

/** Whether the path of a request target is longer than `maxBytes`. The query is not counted. */
export function isPathTooLong(target: string, maxBytes: number): boolean {
  if (target.length <= maxBytes) return false;
  const queryAt = target.indexOf('?');
  return queryAt === -1 || queryAt > maxBytes;
}

/**
 * The path of a request target in origin form (RFC 9112, section 3.2.1), byte for byte as it was sent, or undefined if
 * it is not canonical. The policy checks this text, and the upstream gets this text.
 */
export function canonicalPath(target: string): string | undefined {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  if (!PATH.test(path) || AMBIGUOUS.test(path)) return undefined;
  if (path.includes('%') && !isCanonicalDecoded(path)) return undefined;
  if (queryAt !== -1 && !QUERY.test(target.slice(queryAt))) return undefined;
  return path;
}

/**
 * More combining marks in a row than text has (the Stream-Safe Text Format, UAX #15, section 13). To normalize a run of
 * marks takes time that is quadratic in its length.
 */
const TOO_MANY_MARKS = /(?<!\p{M})\p{M}{31}/u;

/**
 * Whether the escapes are valid UTF-8 (an overlong `/` is `%C0%AF`) and do not stand for characters that a service
 * which normalizes text would read as delimiters, such as U+FF0F for `/`.
 */
function isCanonicalDecoded(path: string): boolean {
  try {
    const text = decodeURIComponent(path);
    if (TOO_MANY_MARKS.test(text)) return false;
    const decoded = text.normalize('NFKC');
    return !AMBIGUOUS_DECODED.test(decoded) && decoded.split('/').length === path.split('/').length;
  } catch {
    return false;
  }
}

/** Why a target without a canonical path is refused: it is not HTTP, or it is and not in canonical form. */
export function targetRefusal(target: string): 'request_malformed' | 'target_not_canonical' {
  const path = target.split('?', 1)[0] ?? '';
  const isUrl = target.startsWith('/') || (/^https?:\/\//.test(target) && URL.canParse(target));
  return isUrl && !path.includes('\\') ? 'target_not_canonical' : 'request_malformed';
}

/** Whether the query has an access token, which RFC 6750 (section 5.3) and RFC 9700 (section 4.3.2) forbid. */
export const hasTokenInQuery = (target: string): boolean => /[?&](?:access_)?token=/i.test(target);
