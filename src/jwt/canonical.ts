/**
 * One token, one spelling. What jose is liberal about is refused before jose sees it, so that a token that was
 * ended can't come back in other letters, and no two parsers can read two things into one token.
 */

/** The longest token that is looked at, in characters. Ours are under 900. */
const TOKEN_MAX_CHARACTERS = 4096;

/**
 * Canonical, unpadded base64url (RFC 4648, sections 3.5 and 5): the spare bits of the last character are zero,
 * so that decoding and encoding again gives the same text.
 */
const PART = String.raw`(?=[\w-])(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?`;
const COMPACT_JWS = new RegExp(`^(${PART})\\.(${PART})\\.(${PART})$`);

export interface TokenParts {
  /** The encoded header, payload and signature of a compact JWS (RFC 7515, section 7.1). */
  header: string;
  payload: string;
  signature: string;
}

/** The parts of a token that is spelled in the one permitted way, or undefined. */
export function splitToken(token: string): TokenParts | undefined {
  if (token.length > TOKEN_MAX_CHARACTERS) return undefined;
  const match = COMPACT_JWS.exec(token);
  if (match === null) return undefined;
  const [, header = '', payload = '', signature = ''] = match;
  return { header, payload, signature };
}

/**
 * Whether an encoded part is a JSON object in the one spelling that `encodePart` gives. A member that occurs
 * twice (RFC 7519, section 4), white space, other number formats and bytes that are no UTF-8 don't survive the
 * comparison.
 */
export function isCanonicalJson(part: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && encodePart(value) === part;
  } catch {
    return false;
  }
}

/** Encodes a JSON value as one part of a token. */
export const encodePart = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
