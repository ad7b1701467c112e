import { type Attack, type AttackContext, HEADERS_TOO_LARGE, MALFORMED, NO_CREDENTIAL } from '../attack.ts';
import { bearer, PROXIED_PATH, type RequestParts, requestAttack } from '../requests.ts';

type Requests = (context: AttackContext) => readonly (RequestParts | readonly string[])[];

/** Requests without a credential that try to do without one. */
const anonymousAttack = (id: string, title: string, why: string, requests: Requests): Attack =>
  requestAttack(id, title, why, NO_CREDENTIAL, requests);

const IDENTITY_HEADERS = [
  'X-Auth-User',
  'X-Auth-Subject',
  'X-Forwarded-User',
  'X-Remote-User',
  'Remote-User',
  'X-User-Id',
];

/** Malformed requests, each with a live token. They are built from the `Authorization` line. */
const malformedAttack = (
  id: string,
  title: string,
  why: string,
  requests: (authorization: string, context: AttackContext) => readonly (RequestParts | readonly string[])[],
): Attack =>
  requestAttack(id, title, why, MALFORMED, (context) => requests(bearer(context.live.text), context));

/** A body that contains a second request. */
const smuggledBody = ({ path, host }: AttackContext): string =>
  `0\r\n\r\nGET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Rest: `;

export const WIRE_ATTACKS: readonly Attack[] = [
  anonymousAttack('no-credential', 'a request without any credential', 'Redis e-book ch. 6, step 3', () => [
    {},
    ['Cookie: theme=dark'],
    {
      method: 'POST',
      target: PROXIED_PATH,
      lines: ['Expect: 100-continue', 'Content-Length: 2'],
      body: '{}',
    },
    {
      method: 'OPTIONS',
      target: PROXIED_PATH,
      lines: ['Origin: https://attacker.example', 'Access-Control-Request-Method: GET'],
    },
  ]),
  anonymousAttack(
    'spoofed-identity',
    'forged identity headers as a reverse proxy would set them',
    'oauth2-proxy#3506: forged identity headers',
    ({ live }) =>
      IDENTITY_HEADERS.map((name) => [
        `${name}: ${live.claims.sub}`,
        'X-Auth-Role: super-admin',
        'X-Auth-Scope: accounts:read',
      ]),
  ),
  anonymousAttack('spoofed-address', 'headers that claim a loopback client address', 'RFC 7239 §8.1', () => [
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Real-IP: 127.0.0.1'],
    ['Forwarded: for=127.0.0.1'],
    ['X-Client-IP: 127.0.0.1'],
    ['X-Forwarded-Host: 127.0.0.1'],
  ]),
  anonymousAttack(
    'rewritten-target',
    'headers that name a different path or method than the request line',
    'CWE-441; CVE-2018-14773',
    () =>
      [
        'X-Original-URL: /livez',
        'X-Rewrite-URL: /livez',
        'X-Forwarded-Uri: /livez',
        'X-Forwarded-Prefix: /livez',
        'X-HTTP-Method-Override: OPTIONS',
        'X-HTTP-Method: OPTIONS',
        'X-Method-Override: OPTIONS',
      ].flatMap((line) => [
        [line],
        { method: 'POST', target: PROXIED_PATH, lines: [line, 'Content-Length: 0'] },
      ]),
  ),
  anonymousAttack('upgrade', 'an upgrade to another protocol', 'RFC 9110 §7.8: h2c smuggling', () => [
    ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
    ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    ['Upgrade: TLS/1.2'],
  ]),
  malformedAttack(
    'smuggled',
    'a body with an ambiguous length that contains a second request',
    'RFC 9112 §6.1, §11.2: request smuggling',
    (authorization, context) =>
      [
        ['Content-Length: 4', 'Transfer-Encoding: chunked'],
        ['Transfer-Encoding: chunked', 'Content-Length: 4'],
        ['Content-Length: 4', 'Content-Length: 400'],
        ['Content-Length: 4, 400'],
        ['Transfer-Encoding: xchunked'],
        ['Transfer-Encoding: chunked, identity'],
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
        ['Transfer-Encoding : chunked'],
        ['Content-Length: +4'],
        ['Content-Length: -4'],
        ['Content-Length: 0x4'],
      ].map((lines) => ({ method: 'POST', lines: [authorization, ...lines], body: smuggledBody(context) })),
  ),
  malformedAttack(
    'header-name',
    'an Authorization header with a malformed name or line',
    'RFC 9112 §5.1, §2.2',
    (authorization) => [
      [authorization.replace(':', ' :')],
      [` ${authorization}`],
      [authorization.replace('Authorization', 'Authorization\0')],
      [authorization.replace('Authorization', 'Auth\u00f6rization')],
      [authorization.replace(': ', '\r\n: ')],
      [authorization.replace(':', '')],
    ],
  ),
  malformedAttack(
    'host',
    'a request with a live token and a missing, duplicate or invalid Host header',
    'RFC 9112 §3.2: the response must be 400',
    (authorization, { host }) =>
      [
        [],
        ['Host: attacker.example', `Host: ${host}`],
        [`Host: ${host}`, 'Host: attacker.example'],
        ['Host: a/b c'],
        ['Host:'],
        [`Host: ${host}@attacker.example`],
      ].map((hostLines) => ({ hostLines, lines: [authorization] })),
  ),
  malformedAttack(
    'host-http10',
    'an HTTP/1.0 request without a Host header on routes other than health checks',
    'RFC 9112 §3.2: two hops must not read different names from a request',
    (authorization) =>
      [
        {},
        { target: '/' },
        { target: '/auth/session' },
        { target: '/.well-known/jwks.json' },
        { target: '/readyz/' },
        { method: 'POST', target: PROXIED_PATH },
        { method: 'OPTIONS', target: PROXIED_PATH },
      ].map((parts) => ({ ...parts, version: 'HTTP/1.0', hostLines: [], lines: [authorization] })),
  ),
  malformedAttack(
    'protocol',
    'a live token in a request with another protocol version or with none',
    'RFC 9112 §2.3',
    (authorization) =>
      ['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 x', 'ICY', ''].map((version) => ({
        version,
        lines: [authorization],
      })),
  ),
  malformedAttack('method-unknown', 'an unknown method', 'RFC 9110 §9.1', (authorization) =>
    ['FOO', 'get', 'GET\t', 'G\u00cbT'].map((method) => ({ method, lines: [authorization] })),
  ),
  requestAttack(
    'token-1-mib',
    'a token of 1 MiB in the header, in the cookie and in the URL',
    'Redis e-book ch. 3, criticism 4; RFC 6585 §5',
    HEADERS_TOO_LARGE,
    ({ path, cookieName, live }) => {
      const token = `${live.text}${'A'.repeat(1024 * 1024)}`;
      return [
        [bearer(token)],
        [`Cookie: ${cookieName}=${token}`],
        { target: `${path}?access_token=${token}` },
      ];
    },
  ),
];
