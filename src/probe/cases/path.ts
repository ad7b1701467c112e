import {
  type Attack,
  type ExpectedRefusal,
  FORBIDDEN,
  NO_CREDENTIAL,
  NOT_FOUND,
  PATH_INVALID,
} from '../attack.ts';
import { bearer, PROXIED_PATH, requestAttack } from '../requests.ts';

type Token = 'none' | 'live';

/** Requests to other targets, each without a credential, with the live token, or with either. */
const pathAttack = (
  id: string,
  title: string,
  why: string,
  expect: ExpectedRefusal,
  tokens: readonly Token[],
  targets: readonly string[],
): Attack =>
  requestAttack(`path-${id}`, title, why, expect, ({ live }) =>
    targets.flatMap((target) =>
      tokens.map((token) => ({ target, lines: token === 'live' ? [bearer(live.text)] : [] })),
    ),
  );

export const PATH_ATTACKS: readonly Attack[] = [
  pathAttack(
    'traversal',
    'a path that leaves its route through dot segments, encoded or not',
    'RFC 3986 §5.2.4, §6.2.2; CWE-22',
    PATH_INVALID,
    ['none', 'live'],
    [
      '/bank/../auth/session',
      '/bank/..%2fauth/session',
      '/bank/%2e%2e/auth/session',
      '/bank/%2e%2e%2fauth/session',
      '/bank/.%2e/auth/session',
      '/bank/..;/auth/session',
      '/bank/..%5cauth/session',
      '/bank/%252e%252e/auth/session',
      '/livez/../bank/accounts',
      '/.well-known/jwks.json/../../bank/accounts',
      '/bank/./accounts',
      '/bank/accounts/..',
    ],
  ),
  pathAttack(
    'doubled',
    'a path with doubled or encoded slashes',
    'RFC 3986 §6.2.2; CWE-180',
    PATH_INVALID,
    ['none'],
    [
      '//bank/accounts',
      '///bank/accounts',
      '/bank//accounts',
      '/bank/accounts//',
      '/bank%2faccounts',
      '/bank%5caccounts',
      '/bank/%2Faccounts',
    ],
  ),
  pathAttack(
    'encoded',
    'a path with unnecessary percent-encoding, control characters or a fragment',
    'RFC 3986 §2.3, §6.2.2.2; CWE-177',
    PATH_INVALID,
    ['none', 'live'],
    [
      '/%62ank/accounts',
      '/bank/%61ccounts',
      '/bank/accounts%00',
      '/bank/accounts%0a',
      '/bank/accounts#x',
      '/%6civez/../bank/accounts',
    ],
  ),
  pathAttack(
    'delimiters',
    'a path with characters that some services treat as the end of a segment or path',
    'RFC 3986 §3.3: parameters; RFC 3629 §3: overlong forms; CWE-436',
    PATH_INVALID,
    ['none', 'live'],
    [
      '/bank;/accounts',
      '/bank;x=y/accounts',
      '/bank/accounts;x',
      '/bank/accounts%3bx',
      '/bank/accounts%23',
      '/bank/accounts%3f',
      '/bank/%c0%ae%c0%ae/auth/session',
      '/bank/accounts%ef%bc%8fx',
    ],
  ),
  pathAttack(
    'other-form',
    'a target that is a URL, not a path',
    'RFC 9112 §3.2; CWE-918',
    PATH_INVALID,
    ['none', 'live'],
    [
      'http://127.0.0.1:1/bank/accounts',
      'http://attacker.example/bank/accounts',
      'https://attacker.example/',
    ],
  ),
  pathAttack(
    'look-alike',
    'a path similar to a public or proxied route',
    'RFC 3986 §6.2.2.1: paths are case-sensitive',
    NOT_FOUND,
    ['none', 'live'],
    [
      '/BANK/accounts',
      '/Bank/accounts',
      '/bankaccounts',
      '/livez/bank/accounts',
      '/auth/session/',
      '/auth/session.json',
      '/readyz/x',
    ],
  ),
  pathAttack(
    'unguarded',
    'a path of the upstream that matches no rule, without a credential',
    'OWASP API5:2023; default deny',
    NO_CREDENTIAL,
    ['none'],
    ['/bank', '/bank/', '/bank/livez', '/bank/readyz', '/bank/metrics', '/bank/accounts/'],
  ),
  pathAttack(
    'no-rule',
    'a path of the upstream that matches no rule, with a live token',
    'OWASP API5:2023; default deny',
    FORBIDDEN,
    ['live'],
    [
      '/bank',
      '/bank/',
      '/bank/livez',
      '/bank/readyz',
      '/bank/metrics',
      '/bank/admin/users',
      '/bank/accounts/',
    ],
  ),
  requestAttack(
    'method-no-rule',
    'a method that matches no rule for the path, with a live token',
    'OWASP API5:2023; RFC 9110 §9.3.8: TRACE echoes the request',
    FORBIDDEN,
    ({ live }) =>
      ['TRACE', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'PURGE', 'PROPFIND', 'QUERY'].map((method) => ({
        method,
        target: PROXIED_PATH,
        lines: [bearer(live.text), 'Content-Length: 0'],
      })),
  ),
];
