/**
 * The canonical form of a token. Whatever else a parser might accept is refused before anything else is checked, so
 * that a revoked token is not accepted in another encoding and no two parsers can read one token differently.
 */

/** The default for the maximum length of a token. Tokens for clients have fewer than 900 characters. */
const MAX_TOKEN_CHARACTERS = 4096;

/** The encoded header, payload and signature of a compact JWS (RFC 7515, section 7.1), and what two of them encode. */
export interface TokenParts {
  header: string;
  payload: string;
  signature: string;
  /** The encoded header and payload with the dot between them, which is what was signed (section 5.2). */
  signed: string;
  payloadBytes: Buffer;
  signatureBytes: Buffer;
}

/** The parts of a token whose parts are all canonical base64url, or undefined. */
export function splitToken(token: string, maxCharacters = MAX_TOKEN_CHARACTERS): TokenParts | undefined {
  if (token.length > maxCharacters) return undefined;
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 0 || payloadEnd < 0) return undefined;
  const header = token.slice(0, headerEnd);
  const payload = token.slice(headerEnd + 1, payloadEnd);
  const signature = token.slice(payloadEnd + 1);
  const payloadBytes = decodePart(payload);
  const signatureBytes = decodePart(signature);
  if (decodePart(header) === undefined || payloadBytes === undefined || signatureBytes === undefined)
    return undefined;
  const signed = token.slice(0, payloadEnd);
  return { header, payload, signature, signed, payloadBytes, signatureBytes };
}

/**
 * What a part encodes in canonical, unpadded base64url (RFC 4648, sections 3.5 and 5), or undefined. The unused bits of
 * the last character are zero, so encoding again gives the same text; Node's decoder alone accepts any other text too.
 */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

/** Refuses invalid UTF-8. It omits a byte order mark. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON object that an encoded part holds, or undefined when it holds anything else. */
export const decodeObject = (part: string): object | undefined =>
  parseObject(Buffer.from(part, 'base64url'))?.value;

/** A JSON object, and whether its text is exactly what `encodePart` writes. */
interface ParsedObject {
  value: object;
  /** False for duplicate members (RFC 7519, section 4), white space and other number formats, for example. */
  isCanonical: boolean;
}

/** Parses UTF-8 text that is a JSON object, or returns undefined. */
export function parseObject(bytes: Uint8Array): ParsedObject | undefined {
  try {
    const text = UTF8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const isWhole = text.length === bytes.length || Buffer.byteLength(text) === bytes.length;
    return { value, isCanonical: isWhole && JSON.stringify(value) === text };
  } catch {
    return undefined;
  }
}

/** Encodes a JSON value as one part of a token. */
export const encodePart = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');
