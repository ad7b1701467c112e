/**
 * The characters that a path may have: RFC 3986's `pchar` and `/`, less `;`, which makes some services drop the
 * rest of a segment, and less what follows here.
 */
const PLAIN_PATH = /^\/(?:[A-Z0-9\-._~!$&'()*+,=:@/]|%[0-9A-F]{2})*$/i;

/**
 * What makes two parsers see two paths: dot segments, empty segments, and escapes of characters that need none
 * (RFC 3986, section 2.3), of delimiters (`#/;?\`), of control characters and of `%` itself.
 */
const TWO_WAYS_TO_READ =
  /\/\/|\/\.{1,2}(?:\/|$)|\.\.|%(?:[01][0-9A-F]|7F|2[35DEF]|3[0-9BF]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE])/i;

/** The same in a path without escapes. */
const TWO_WAYS_TO_READ_DECODED = /\/\/|\/\.{1,2}(?:\/|$)|\.\.|[\p{Cc}#%;?\\]/u;

/** Visible ASCII without `#`, which would end the query for some and not for others. */
const QUERY = /^[\x21\x22\x24-\x7e]*$/;

/**
 * The path of a request target in origin form (RFC 9112, section 3.2.1), byte for byte as it was sent, or
 * undefined when it isn't in its one plain form. Policy judges this text and the bank is sent this text.
 */
export function plainPath(target: string): string | undefined {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  if (!PLAIN_PATH.test(path) || TWO_WAYS_TO_READ.test(path)) return undefined;
  if (path.includes('%') && !isPlainDecoded(path)) return undefined;
  if (queryAt !== -1 && !QUERY.test(target.slice(queryAt))) return undefined;
  return path;
}

/**
 * Whether the escapes are valid UTF-8 (an overlong `/` is `%C0%AF`) and stand for nothing that a service which
 * normalises text would read as a delimiter, as U+FF0F for `/`.
 */
function isPlainDecoded(path: string): boolean {
  try {
    const decoded = decodeURIComponent(path).normalize('NFKC');
    return !TWO_WAYS_TO_READ_DECODED.test(decoded) && decoded.split('/').length === path.split('/').length;
  } catch {
    return false;
  }
}

/** Whether the query carries an access token, which RFC 6750 (section 5.3) and RFC 9700 (section 4.3.2) forbid. */
export const hasTokenInQuery = (target: string): boolean => /[?&](?:access_)?token=/i.test(target);
