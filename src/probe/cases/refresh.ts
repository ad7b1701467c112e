import { createHash, createHmac } from 'node:crypto';
import {
  type Attack,
  type AttackContext,
  BODY_INVALID,
  CREDENTIAL_INVALID,
  type IssuedSession,
  NO_CREDENTIAL,
  REFRESH_INVALID,
  REFRESH_LATE,
} from '../attack.ts';
import type { StagedRequest } from '../exchange.ts';
import { otherEncodings } from '../forge.ts';
import { refresh } from '../gateway-api.ts';
import { credentialAttack, post, type RequestParts, rawRequest, requestAttack } from '../requests.ts';

const ROUTE = '/auth/refresh';
const SAME_ORIGIN = 'Sec-Fetch-Site: same-origin';

/** Attacks on the refresh route, each with another text as the refresh token in the body. */
const refreshAttack = (
  id: string,
  title: string,
  why: string,
  tokens: (context: AttackContext) => string[],
  expect = REFRESH_INVALID,
): Attack =>
  requestAttack(id, title, why, expect, (context) =>
    tokens(context).map((token) => post(ROUTE, 'application/json', JSON.stringify({ refresh_token: token }))),
  );

/** A request to the refresh route with cookies, and with a JSON body if there is one. */
export function withRefreshCookies(
  cookies: readonly string[],
  lines: readonly string[],
  body = '',
): RequestParts {
  const type = body === '' ? [] : ['Content-Type: application/json'];
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const head = [`Cookie: ${cookies.join('; ')}`, ...type, length, ...lines];
  return { method: 'POST', target: ROUTE, lines: head, body };
}

export const refreshCookieOf = ({ refreshCookieName, refreshTokens }: AttackContext): string =>
  `${refreshCookieName}=${refreshTokens.live}`;

type RefreshToken = Record<'sub' | 'sid' | 'n' | 'mac', string>;

function split(token: string): RefreshToken {
  const [, sub = '', sid = '', n = '', mac = ''] = token.split('.');
  return { sub, sid, n, mac };
}

const join = ({ sub, sid, n, mac }: RefreshToken): string => `v1.${sub}.${sid}.${n}.${mac}`;

/** The refresh token of a session, used again by another client right after its owner used it. */
const supersededRefresh = (context: AttackContext, session: IssuedSession): StagedRequest => {
  const body = JSON.stringify({ refresh_token: session.refresh });
  const lines = ['User-Agent: another client'];
  return {
    first: Buffer.alloc(0),
    meanwhile: async (gateway) => void (await refresh(gateway, session.refresh)),
    rest: rawRequest(context, post(ROUTE, 'application/json', body, lines)),
  };
};

export const REFRESH_ATTACKS: readonly Attack[] = [
  credentialAttack(
    'refresh-as-access',
    'a live refresh token used as an access token',
    'RFC 9700 §2.2, RFC 6749 §1.5: refresh tokens are for the authorization server only',
    ({ refreshTokens }) => [refreshTokens.live],
  ),
  refreshAttack(
    'access-as-refresh',
    'a live access token used as a refresh token',
    'RFC 8725 §2.8: token confusion',
    ({ live }) => [live.text],
    BODY_INVALID,
  ),
  refreshAttack(
    'refresh-foreign-mac',
    'a refresh token with a forged MAC or none',
    'RFC 6749 §10.4: refresh tokens cannot be generated, modified or guessed',
    ({ refreshTokens, keySetText }) => {
      const parts = split(refreshTokens.live);
      const signed = join({ ...parts, mac: '' }).slice(0, -1);
      const macs = [
        createHmac('sha256', '').update(signed).digest('base64url'),
        createHmac('sha256', keySetText).update(signed).digest('base64url'),
        createHash('sha256').update(signed).digest('base64url'),
        Buffer.alloc(32).toString('base64url'),
        '',
      ];
      return [signed, ...macs.map((mac) => join({ ...parts, mac }))];
    },
  ),
  refreshAttack(
    'refresh-mixed',
    'the MAC of a refresh token with the ids or the counter of another',
    'RFC 9700 §4.14.2: a refresh token is bound to its session',
    ({ refreshTokens }) => {
      const [live, loggedOut] = [split(refreshTokens.live), split(refreshTokens.loggedOut)];
      return [
        join({ ...live, mac: loggedOut.mac }),
        join({ ...loggedOut, mac: live.mac }),
        join({ ...live, sid: loggedOut.sid }),
        join({ ...live, sub: live.sid, sid: live.sub }),
        ...['1', '2', '999999999'].map((n) => join({ ...live, n })),
      ];
    },
  ),
  refreshAttack(
    'refresh-encoding',
    'other encodings of a live refresh token',
    'RFC 4648 §3.5, CWE-180: one credential, one encoding',
    ({ refreshTokens: { live: token } }) => {
      const parts = split(token);
      return [
        ...otherEncodings(parts.mac).map((mac) => join({ ...parts, mac })),
        ...['00', '+0', '-0', '0.0', ' 0', '0x0'].map((n) => join({ ...parts, n })),
        ...[`${token}=`, `${token} `, ` ${token}`, `${token}\n`, `${token}\u0000`, `${token}.`],
        token.replace('v1', 'V1'),
        token.replace('v1', 'v2'),
        token.slice(0, -1),
      ];
    },
  ),
  requestAttack(
    'refresh-in-query',
    'a live refresh token in the URL',
    'RFC 9700 §4.3.2, RFC 6750 §5.3: URLs are logged',
    NO_CREDENTIAL,
    ({ refreshTokens }) => [
      {
        method: 'POST',
        target: `${ROUTE}?refresh_token=${refreshTokens.live}`,
        lines: ['Content-Length: 0'],
      },
    ],
  ),
  requestAttack(
    'refresh-twice',
    'two refresh tokens in one request, in two cookies or in a cookie and the body',
    'RFC 6265 §4.2.2: cookie tossing; RFC 6750 §2: one method in each request',
    CREDENTIAL_INVALID,
    (context) => {
      const cookie = refreshCookieOf(context);
      const tossed = `${context.refreshCookieName}=${context.refreshTokens.loggedOut}`;
      const body = JSON.stringify({ refresh_token: context.refreshTokens.loggedOut });
      return [
        withRefreshCookies([cookie, tossed], [SAME_ORIGIN]),
        withRefreshCookies([tossed, cookie], [SAME_ORIGIN]),
        withRefreshCookies([cookie], [SAME_ORIGIN], body),
      ];
    },
  ),
  {
    id: 'refresh-superseded',
    title: 'a refresh token that its owner has just used, from another client',
    why: 'RFC 9700 §4.14.2: reuse of a refresh token shows that it was stolen',
    build: (context) => [supersededRefresh(context, context.spareSessions.superseded)],
    expect: REFRESH_LATE,
  },
];
