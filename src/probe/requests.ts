import type { Material } from './material.ts';

/** What a request needs to know of the target. */
export type Where = Pick<Material, 'host' | 'path'>;

export interface RawParts {
  method?: string;
  /** The request target as it is; the attacked path unless given. */
  target?: string;
  /** Header lines as they are, each without its line break. */
  lines?: readonly string[];
  body?: string;
  /** `HTTP/1.1` and a `Host` line unless given. */
  version?: string;
  hostLines?: readonly string[];
}

/** The bytes of one request. Nothing is checked, escaped or put right. */
export function rawRequest(where: Where, parts: RawParts = {}): Buffer {
  const { method = 'GET', target = where.path, lines = [], body = '', version = 'HTTP/1.1' } = parts;
  const hostLines = parts.hostLines ?? [`Host: ${where.host}`];
  const head = [`${method} ${target} ${version}`, ...hostLines, 'Connection: close', ...lines];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A request with a credential in the `Authorization` header (RFC 6750, section 2.1). */
export const asBearer = (where: Where, token: string): Buffer =>
  rawRequest(where, { lines: [`Authorization: Bearer ${token}`] });

export const asCookie = (material: Where & Pick<Material, 'cookieName'>, token: string): Buffer =>
  rawRequest(material, { lines: [`Cookie: ${material.cookieName}=${token}`] });

/** One request each, in the `Authorization` header. */
export const bearers = (material: Material, tokens: readonly string[]): Buffer[] =>
  tokens.map((token) => asBearer(material, token));

/** Two requests each: in the `Authorization` header and in the cookie. */
export const bothWays = (material: Material, tokens: readonly string[]): Buffer[] =>
  tokens.flatMap((token) => [asBearer(material, token), asCookie(material, token)]);

/** A proxied path: unlike the gateway's own routes it has every method, and asks everybody for a credential. */
export const PROXIED_PATH = '/bank/accounts';

/** A request with a body of declared length. */
export const posted = (
  host: string,
  target: string,
  contentType: string,
  body: string,
  lines: string[] = [],
): Buffer =>
  rawRequest(
    { host, path: target },
    {
      method: 'POST',
      lines: [`Content-Type: ${contentType}`, `Content-Length: ${Buffer.byteLength(body)}`, ...lines],
      body,
    },
  );
