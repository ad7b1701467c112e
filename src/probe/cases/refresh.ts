import { createHash, createHmac } from 'node:crypto';
import {
  type Attack,
  BODY_INVALID,
  CREDENTIAL_INVALID,
  FOREIGN_SITE,
  NO_CREDENTIAL,
  REFRESH_INVALID,
  TOKEN_INVALID,
} from '../attack.ts';
import type { Material } from '../material.ts';
import { bothWays, posted, rawRequest } from '../requests.ts';

const ROUTE = '/auth/refresh';
const FROM_THIS_SITE = 'Sec-Fetch-Site: same-origin';

/** Requests that ask for new tokens, each with another text in the place of a refresh token. */
const refreshes = ({ host }: Material, tokens: readonly string[]): Buffer[] =>
  tokens.map((token) => posted(host, ROUTE, 'application/json', JSON.stringify({ refresh_token: token })));

/** A request that brings cookies, and perhaps a body. */
function withCookies(
  { host }: Material,
  cookies: readonly string[],
  lines: readonly string[],
  body = '',
): Buffer {
  const type = body === '' ? [] : ['Content-Type: application/json'];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const parts = { method: 'POST', lines: [`Cookie: ${cookies.join('; ')}`, ...type, length, ...lines], body };
  return rawRequest({ host, path: ROUTE }, parts);
}

const cookieOf = ({ refreshCookieName, refreshTokens }: Material): string =>
  `${refreshCookieName}=${refreshTokens.live}`;

interface RefreshParts {
  sub: string;
  sid: string;
  n: string;
  mac: string;
}

function partsOf(token: string): RefreshParts {
  const [, sub = '', sid = '', n = '', mac = ''] = token.split('.');
  return { sub, sid, n, mac };
}

const join = ({ sub, sid, n, mac }: RefreshParts): string => `v1.${sub}.${sid}.${n}.${mac}`;

/** Another way to spell the same bytes: the last character of 43 has two spare bits. */
const respelled = (mac: string): string[] =>
  ['A', 'B', 'C', 'D'].map((_, index) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(mac.slice(-1));
    return mac.slice(0, -1) + (alphabet[(last & ~3) + index] ?? '');
  });

export const REFRESH_ATTACKS: readonly Attack[] = [
  {
    id: 'refresh-as-access',
    title: 'a live refresh token used as an access token',
    why: 'RFC 9700 §2.2, RFC 6749 §1.5: a refresh token is for the authorization server alone',
    build: (material) => bothWays(material, [material.refreshTokens.live]),
    expect: TOKEN_INVALID,
  },
  {
    id: 'access-as-refresh',
    title: 'a live access token used as a refresh token',
    why: 'RFC 8725 §2.8: token confusion',
    build: (material) => refreshes(material, [material.live.text]),
    expect: BODY_INVALID,
  },
  {
    id: 'refresh-foreign-mac',
    title: 'a refresh token with a MAC that anybody can make, or none',
    why: 'RFC 6749 §10.4: refresh tokens can not be generated, modified or guessed',
    build: (material) => {
      const parts = partsOf(material.refreshTokens.live);
      const said = join({ ...parts, mac: '' }).slice(0, -1);
      const macs = [
        createHmac('sha256', '').update(said).digest('base64url'),
        createHmac('sha256', material.keySetText).update(said).digest('base64url'),
        createHash('sha256').update(said).digest('base64url'),
        Buffer.alloc(32).toString('base64url'),
        '',
      ];
      return refreshes(material, [said, ...macs.map((mac) => join({ ...parts, mac }))]);
    },
    expect: REFRESH_INVALID,
  },
  {
    id: 'refresh-mixed',
    title: 'the MAC of a refresh token on the ids or the counter of another',
    why: 'RFC 9700 §4.14.2: a refresh token is bound to what it was given out for',
    build: (material) => {
      const [live, dead] = [partsOf(material.refreshTokens.live), partsOf(material.refreshTokens.loggedOut)];
      return refreshes(material, [
        join({ ...live, mac: dead.mac }),
        join({ ...dead, mac: live.mac }),
        join({ ...live, sid: dead.sid }),
        join({ ...live, sub: live.sid, sid: live.sub }),
        ...['1', '2', '999999999'].map((n) => join({ ...live, n })),
      ]);
    },
    expect: REFRESH_INVALID,
  },
  {
    id: 'refresh-spelling',
    title: 'other spellings of a live refresh token',
    why: 'RFC 4648 §3.5, CWE-180: one credential, one spelling',
    build: (material) => {
      const token = material.refreshTokens.live;
      const parts = partsOf(token);
      const others = respelled(parts.mac).filter((mac) => mac !== parts.mac);
      return refreshes(material, [
        ...others.map((mac) => join({ ...parts, mac })),
        ...['00', '+0', '-0', '0.0', ' 0', '0x0'].map((n) => join({ ...parts, n })),
        ...[`${token}=`, `${token} `, ` ${token}`, `${token}\n`, `${token}\u0000`, `${token}.`],
        token.replace('v1', 'V1'),
        token.replace('v1', 'v2'),
        token.slice(0, -1),
      ]);
    },
    expect: REFRESH_INVALID,
  },
  {
    id: 'refresh-in-query',
    title: 'a live refresh token in the URL',
    why: 'RFC 9700 §4.3.2, RFC 6750 §5.3: credentials in URLs end in logs',
    build: (material) => {
      const target = `${ROUTE}?refresh_token=${material.refreshTokens.live}`;
      return [rawRequest(material, { method: 'POST', target, lines: ['Content-Length: 0'] })];
    },
    expect: NO_CREDENTIAL,
  },
  {
    id: 'refresh-cross-site',
    title: "a refresh by cookie from another site's page",
    why: 'OWASP CSRF, RFC 6265bis §8.8',
    build: (material) =>
      [['Origin: https://evil.example'], ['Origin: null'], ['Sec-Fetch-Site: cross-site'], []].map((lines) =>
        withCookies(material, [cookieOf(material)], lines),
      ),
    expect: FOREIGN_SITE,
  },
  {
    id: 'refresh-twice',
    title: 'two refresh tokens at the same time, in two cookies or in a cookie and a body',
    why: 'RFC 6265 §4.2.2: cookie tossing; RFC 6750 §2: one method in each request',
    build: (material) => {
      const cookie = cookieOf(material);
      const tossed = `${material.refreshCookieName}=${material.refreshTokens.loggedOut}`;
      const body = JSON.stringify({ refresh_token: material.refreshTokens.loggedOut });
      return [
        withCookies(material, [cookie, tossed], [FROM_THIS_SITE]),
        withCookies(material, [tossed, cookie], [FROM_THIS_SITE]),
        withCookies(material, [cookie], [FROM_THIS_SITE], body),
      ];
    },
    expect: CREDENTIAL_INVALID,
  },
];
