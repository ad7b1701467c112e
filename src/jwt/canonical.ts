/**
 * The canonical form of a token. Everything that jose accepts beyond it is refused before jose reads the token, so
 * that a revoked token is not accepted in another encoding and no two parsers can read one token differently.
 */

/** The default for the maximum length of a token. Tokens for clients have fewer than 900 characters. */
const MAX_TOKEN_CHARACTERS = 4096;

/**
 * Canonical, unpadded base64url (RFC 4648, sections 3.5 and 5): the unused bits of the last character are zero, so
 * decoding and encoding again gives the same text.
 */
const PART = String.raw`(?=[\w-])(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?`;
const COMPACT_JWS = new RegExp(`^(${PART})\\.(${PART})\\.(${PART})$`);

/** The encoded header, payload and signature of a compact JWS (RFC 7515, section 7.1). */
interface TokenParts {
  header: string;
  payload: string;
  signature: string;
}

/** The parts of a token whose parts are all canonical base64url, or undefined. */
export function splitToken(token: string, maxCharacters = MAX_TOKEN_CHARACTERS): TokenParts | undefined {
  if (token.length > maxCharacters) return undefined;
  const match = COMPACT_JWS.exec(token);
  if (match === null) return undefined;
  const [, header = '', payload = '', signature = ''] = match;
  return { header, payload, signature };
}

/** The JSON object that an encoded part holds, or undefined when it holds anything else. */
export function decodeObject(part: string): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether an encoded part is a JSON object exactly as `encodePart` writes it. That rules out duplicate members
 * (RFC 7519, section 4), white space, other number formats and invalid UTF-8.
 */
export function isCanonicalJson(part: string): boolean {
  const value = decodeObject(part);
  return value !== undefined && encodePart(value) === part;
}

/** Encodes a JSON value as one part of a token. */
export const encodePart = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
