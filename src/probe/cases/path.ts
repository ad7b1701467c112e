import { type Attack, FORBIDDEN, NO_CREDENTIAL, NOT_FOUND, PATH_INVALID, type Refused } from '../attack.ts';
import type { Material } from '../material.ts';
import { requestAttack } from '../request-attack.ts';
import { PROXIED_PATH, rawRequest } from '../requests.ts';

/** Requests for other targets, without a credential and, where it would be worth something, with a live token. */
const targeted = (
  id: string,
  title: string,
  why: string,
  expect: Refused,
  targets: string[],
  lines: (material: Material) => string[][],
): Attack => ({
  id: `path-${id}`,
  title,
  why,
  build: (material) =>
    targets.flatMap((target) => lines(material).map((set) => rawRequest(material, { target, lines: set }))),
  expect,
});

const withToken = ({ live }: Material): string[][] => [[`Authorization: Bearer ${live.text}`]];
const without = (): string[][] => [[]];
const both = (material: Material): string[][] => [...without(), ...withToken(material)];

export const PATH_ATTACKS: readonly Attack[] = [
  targeted(
    'climbing',
    'a path that climbs out of its route by dot segments, encoded or not',
    'RFC 3986 §5.2.4, §6.2.2; CWE-22',
    PATH_INVALID,
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
    both,
  ),
  targeted(
    'doubled',
    'a path with doubled or encoded slashes',
    'RFC 3986 §6.2.2; CWE-180',
    PATH_INVALID,
    [
      '//bank/accounts',
      '///bank/accounts',
      '/bank//accounts',
      '/bank/accounts//',
      '/bank%2faccounts',
      '/bank%5caccounts',
      '/bank/%2Faccounts',
    ],
    without,
  ),
  targeted(
    'encoded',
    'a path with letters encoded that need not be, and with ends of text',
    'RFC 3986 §2.3, §6.2.2.2; CWE-177',
    PATH_INVALID,
    [
      '/%62ank/accounts',
      '/bank/%61ccounts',
      '/bank/accounts%00',
      '/bank/accounts%0a',
      '/bank/accounts#x',
      '/%6civez/../bank/accounts',
    ],
    both,
  ),
  targeted(
    'delimiters',
    'a path with what some services take for the end of a segment or of the path',
    'RFC 3986 §3.3: parameters; RFC 3629 §3: overlong forms; CWE-436',
    PATH_INVALID,
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
    both,
  ),
  targeted(
    'other-form',
    'a target that is no path: a whole URL, another host, a name and a port',
    'RFC 9112 §3.2; CWE-918',
    PATH_INVALID,
    [
      'http://127.0.0.1:1/bank/accounts',
      'http://attacker.example/bank/accounts',
      'https://attacker.example/',
    ],
    both,
  ),
  targeted(
    'look-alike',
    'a path that only looks like an open or a proxied route',
    'RFC 3986 §6.2.2.1: paths are case-sensitive',
    NOT_FOUND,
    [
      '/BANK/accounts',
      '/Bank/accounts',
      '/bankaccounts',
      '/livez/bank/accounts',
      '/auth/session/',
      '/auth/session.json',
      '/readyz/x',
    ],
    both,
  ),
  targeted(
    'unguarded',
    'paths of the bank that no rule names, without a credential',
    'OWASP API5:2023; default deny',
    NO_CREDENTIAL,
    ['/bank', '/bank/', '/bank/livez', '/bank/readyz', '/bank/metrics', '/bank/accounts/'],
    without,
  ),
  targeted(
    'no-rule',
    'paths of the bank that no rule names, with a live token',
    'OWASP API5:2023; default deny',
    FORBIDDEN,
    [
      '/bank',
      '/bank/',
      '/bank/livez',
      '/bank/readyz',
      '/bank/metrics',
      '/bank/admin/users',
      '/bank/accounts/',
    ],
    withToken,
  ),
  requestAttack(
    'method-no-rule',
    'methods that no rule names for the path, with a live token',
    'OWASP API5:2023; RFC 9110 §9.3.8: TRACE shows what it was sent',
    FORBIDDEN,
    (material) =>
      ['TRACE', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'PURGE', 'PROPFIND', 'QUERY'].map((method) => ({
        method,
        target: PROXIED_PATH,
        lines: [...withToken(material).flat(), 'Content-Length: 0'],
      })),
  ),
];
