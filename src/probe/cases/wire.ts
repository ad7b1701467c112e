import { type Attack, MALFORMED, NO_CREDENTIAL } from '../attack.ts';
import type { Material } from '../material.ts';
import { requestAttack } from '../request-attack.ts';
import { PROXIED_PATH } from '../requests.ts';

const bearer = ({ live }: Material): string => `Authorization: Bearer ${live.text}`;

/** A second request hidden in the body of the first. */
const hidden = (material: Material): string =>
  `0\r\n\r\nGET ${material.path} HTTP/1.1\r\nHost: ${material.host}\r\nX-Rest: `;

const SPOOFS: Attack[] = [
  requestAttack(
    'no-credential',
    'a request without any credential',
    'e-book ch. 6, step 3',
    NO_CREDENTIAL,
    () => [
      {},
      { lines: ['Cookie: theme=dark'] },
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
    ],
  ),
  requestAttack(
    'spoofed-identity',
    'headers that claim to be somebody, as a proxy in front would set them',
    'oauth2-proxy#3506: forged identity headers',
    NO_CREDENTIAL,
    ({ live }) => [
      ...[
        'X-Auth-User',
        'X-Auth-Subject',
        'X-Forwarded-User',
        'X-Remote-User',
        'Remote-User',
        'X-User-Id',
      ].map((name) => ({
        lines: [`${name}: ${live.claims.sub}`, 'X-Auth-Role: super-admin', 'X-Auth-Scope: accounts:read'],
      })),
    ],
  ),
  requestAttack(
    'spoofed-address',
    'headers that claim to come from this machine',
    'RFC 7239 §8.1',
    NO_CREDENTIAL,
    () =>
      [
        'X-Forwarded-For: 127.0.0.1',
        'X-Real-IP: 127.0.0.1',
        'Forwarded: for=127.0.0.1',
        'X-Client-IP: 127.0.0.1',
        'X-Forwarded-Host: 127.0.0.1',
      ].map((line) => ({ lines: [line] })),
  ),
  requestAttack(
    'rewritten-target',
    'headers that ask for another path or another method than the request line',
    'CWE-441; CVE-2018-14773',
    NO_CREDENTIAL,
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
        { lines: [line] },
        { method: 'POST', target: PROXIED_PATH, lines: [line, 'Content-Length: 0'] },
      ]),
  ),
  requestAttack(
    'upgrade',
    'an upgrade to another protocol',
    'RFC 9110 §7.8: h2c smuggling',
    NO_CREDENTIAL,
    () => [
      {
        lines: [
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ],
      },
      { lines: ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'] },
      { lines: ['Upgrade: TLS/1.2'] },
    ],
  ),
];

const FRAMES: Attack[] = [
  requestAttack(
    'smuggled',
    'a body whose length is told in two ways, with a request hidden in it',
    'RFC 9112 §6.1, §11.2: request smuggling',
    MALFORMED,
    (material) =>
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
      ].map((lines) => ({ method: 'POST', lines: [bearer(material), ...lines], body: hidden(material) })),
  ),
  requestAttack(
    'header-name',
    'an Authorization header with a malformed name or line',
    'RFC 9112 §5.1, §2.2',
    MALFORMED,
    (material) =>
      [
        bearer(material).replace(':', ' :'),
        ` ${bearer(material)}`,
        bearer(material).replace('Authorization', 'Authorization\0'),
        bearer(material).replace('Authorization', 'Auth\u00f6rization'),
        bearer(material).replace(': ', '\r\n: '),
        bearer(material).replace(':', ''),
      ].map((line) => ({ lines: [line] })),
  ),
  requestAttack(
    'host',
    'a request with a live token and no host, two hosts, or a host that is none',
    'RFC 9112 §3.2: such a request is answered with 400',
    MALFORMED,
    (material) =>
      [
        [],
        ['Host: attacker.example', `Host: ${material.host}`],
        [`Host: ${material.host}`, 'Host: attacker.example'],
        ['Host: a/b c'],
        ['Host:'],
        [`Host: ${material.host}@attacker.example`],
      ].map((hostLines) => ({ hostLines, lines: [bearer(material)] })),
  ),
  requestAttack(
    'protocol',
    'a live token in a request of another protocol version or of none',
    'RFC 9112 §2.3',
    MALFORMED,
    (material) =>
      ['HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 x', 'ICY', ''].map((version) => ({
        version,
        lines: [bearer(material)],
      })),
  ),
  requestAttack(
    'method-unknown',
    'a method that no HTTP server knows',
    'RFC 9110 §9.1',
    MALFORMED,
    (material) =>
      ['FOO', 'get', 'GET\t', 'G\u00cbT'].map((method) => ({ method, lines: [bearer(material)] })),
  ),
];

export const WIRE_ATTACKS: readonly Attack[] = [...SPOOFS, ...FRAMES];
