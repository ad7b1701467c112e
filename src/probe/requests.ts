import { type Attack, type AttackContext, type ExpectedRefusal, TOKEN_INVALID } from './attack.ts';

/** A proxied path. Unlike the gateway's own routes, it accepts every method and always requires a credential. */
export const PROXIED_PATH = '/bank/accounts';

/** The part of the context that every request needs. */
type Where = Pick<AttackContext, 'host' | 'path'>;

export interface RequestParts {
  /** `GET` by default. */
  method?: string;
  /** The request target; the attacked path by default. */
  target?: string;
  /** Header lines, each without its line break. */
  lines?: readonly string[];
  body?: string;
  /** `HTTP/1.1` by default. */
  version?: string;
  /** One `Host` line by default. */
  hostLines?: readonly string[];
}

/** The bytes of one request. Nothing is validated, escaped or corrected. */
export function rawRequest(where: Where, parts: RequestParts = {}): Buffer {
  const { method = 'GET', target = where.path, lines = [], body = '', version = 'HTTP/1.1' } = parts;
  const hostLines = parts.hostLines ?? [`Host: ${where.host}`];
  const head = [`${method} ${target} ${version}`, ...hostLines, 'Connection: close', ...lines];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A POST request whose body has a declared length. */
export const post = (
  target: string,
  contentType: string,
  body: string,
  lines: readonly string[] = [],
): RequestParts => ({
  method: 'POST',
  target,
  lines: [`Content-Type: ${contentType}`, `Content-Length: ${Buffer.byteLength(body)}`, ...lines],
  body,
});

/** The `Authorization` header with a bearer token (RFC 6750, section 2.1). */
export const bearer = (token: string): string => `Authorization: Bearer ${token}`;

export const asBearer = (where: Where, token: string): Buffer =>
  rawRequest(where, { lines: [bearer(token)] });

export const asCookie = (context: Where & Pick<AttackContext, 'cookieName'>, token: string): Buffer =>
  rawRequest(context, { lines: [`Cookie: ${context.cookieName}=${token}`] });

type BuildTokens = (context: AttackContext) => readonly string[] | Promise<readonly string[]>;

const tokenAttack =
  (send: (context: AttackContext, token: string) => Buffer[]) =>
  (
    id: string,
    title: string,
    why: string,
    tokens: BuildTokens,
    expect: ExpectedRefusal = TOKEN_INVALID,
  ): Attack => ({
    id,
    title,
    why,
    build: async (context) => (await tokens(context)).flatMap((token) => send(context, token)),
    expect,
  });

/** An attack that sends each token in the `Authorization` header. */
export const bearerAttack = tokenAttack((context, token) => [asBearer(context, token)]);

/** An attack that sends each token in the session cookie. */
export const cookieAttack = tokenAttack((context, token) => [asCookie(context, token)]);

/** An attack that sends each token twice: in the `Authorization` header and in the session cookie. */
export const credentialAttack = tokenAttack((context, token) => [
  asBearer(context, token),
  asCookie(context, token),
]);

/** An attack by the form of its requests, given as parts or as header lines only. */
export const requestAttack = (
  id: string,
  title: string,
  why: string,
  expect: ExpectedRefusal,
  requests: (context: AttackContext) => readonly (RequestParts | readonly string[])[],
): Attack => ({
  id,
  title,
  why,
  build: (context) =>
    requests(context).map((parts) => rawRequest(context, 'at' in parts ? { lines: parts } : parts)),
  expect,
});
