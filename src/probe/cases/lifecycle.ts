import { randomBytes } from 'node:crypto';
import {
  type Attack,
  type AttackContext,
  CREDENTIAL_INVALID,
  type IssuedSession,
  REVOKED_LATE,
  TOKEN_REVOKED,
} from '../attack.ts';
import type { StagedRequest } from '../exchange.ts';
import { signedToken, withClaims } from '../forge.ts';
import { logout } from '../gateway-api.ts';
import {
  bearer,
  bearerAttack,
  cookieAttack,
  credentialAttack,
  rawRequest,
  requestAttack,
} from '../requests.ts';

const randomId = (): string => randomBytes(16).toString('base64url');

/** An assertion as the gateway sends it to the upstream, signed with its key. */
function assertion(context: AttackContext, typ: string): string {
  const { iss, sub, sid } = context.live.claims;
  const iat = Math.floor(Date.now() / 1000);
  const request = { jti: randomId(), htm: 'GET', path: '/accounts' };
  const authorization = { role: 'super-admin', scope: 'accounts:read accounts:read-any' };
  return signedToken(context, {
    header: { alg: 'ES256', typ, kid: context.assertionKid },
    payload: { iss, aud: 'portcullis-bank', sub, sid, ...authorization, ...request, iat, exp: iat + 15 },
    algorithm: 'ES256',
    key: context.assertionKey,
  });
}

/** An account that does not exist: an order that reaches the bank moves no money. */
const TRANSFERS = `/bank/accounts/${'A'.repeat(22)}/transfers`;
const ORDER = JSON.stringify({ to: 'B'.repeat(22), amountMinor: 1, description: 'portcullis probe' });

/** What differs between the two requests whose body comes late. */
interface LateBody {
  method: string;
  target: string;
  lines: readonly string[];
  body: string;
}

/** A request whose session is logged out between its head and its body. */
function lateBody(
  context: AttackContext,
  { access }: IssuedSession,
  { method, target, lines, body }: LateBody,
): StagedRequest {
  const framing = ['Expect: 100-continue', `Content-Length: ${Buffer.byteLength(body)}`];
  return {
    first: rawRequest(context, {
      method,
      target,
      lines: [bearer(access), 'Content-Type: application/json', ...framing, ...lines],
    }),
    meanwhile: (gateway) => logout(gateway, access),
    rest: Buffer.from(body),
  };
}

export const LIFECYCLE_ATTACKS: readonly Attack[] = [
  credentialAttack(
    'logged-out',
    'a logged-out token',
    'Redis e-book ch. 3, criticism 6',
    ({ loggedOut }) => [loggedOut.text],
    TOKEN_REVOKED,
  ),
  credentialAttack(
    'logged-out-signed-again',
    'a token with the claims of a logged-out token and a new signature',
    'Redis e-book ch. 3, criticism 6: the jti is revoked, not the text of the token',
    (context) => [signedToken(context, { payload: context.loggedOut.claims })],
    TOKEN_REVOKED,
  ),
  credentialAttack(
    'never-whitelisted',
    'a token with a valid signature that was never on the whitelist',
    'Redis e-book ch. 3, criticism 10, and ch. 6: a signature alone is not enough',
    (context) => [withClaims(context, { jti: randomId() })],
    TOKEN_REVOKED,
  ),
  bearerAttack(
    'other-user',
    'a token with a valid signature whose jti belongs to another user',
    'RFC 8725 §2.7',
    (context) => [withClaims(context, { sub: randomId() })],
    TOKEN_REVOKED,
  ),
  credentialAttack(
    'assertion',
    "the gateway's own assertion for the upstream, used as an access token",
    'RFC 8725 §2.8, §3.12: cross-JWT confusion',
    (context) => [assertion(context, 'portcullis-assertion+jwt')],
  ),
  credentialAttack(
    'assertion-relabeled',
    'the claims of an assertion under the typ of an access token',
    'RFC 8725 §2.8, §3.9',
    (context) => [assertion(context, 'at+jwt')],
  ),
  bearerAttack(
    'empty',
    'a bearer credential without a token',
    'RFC 6750 §2.1',
    () => ['', ' ', '\t'],
    CREDENTIAL_INVALID,
  ),
  cookieAttack('empty-cookie', 'a cookie without a token, or with a word instead', 'RFC 6265 §5.2', () => [
    '',
    'null',
    'undefined',
    '""',
    'deleted',
    '%00',
  ]),
  bearerAttack(
    'not-a-token',
    'a word, a number or an identifier instead of a token',
    'RFC 6750 §3.1',
    ({ live }) => {
      const { jti, sid, sub } = live.claims;
      const words = ['null', 'undefined', 'true', '0', '*'];
      return [...words, `${jti}`, `${sid}`, `${sub}`, `jti:{${sub}}:${jti}`];
    },
  ),
  requestAttack(
    'revoked-beside-live',
    'a logged-out token beside a live one in an unrelated header',
    'Redis e-book ch. 3, criticism 6',
    TOKEN_REVOKED,
    ({ live, loggedOut }) => [[bearer(loggedOut.text), `X-Access-Token: ${live.text}`]],
  ),
  {
    id: 'late-body-proxied',
    title: 'a transfer whose head came before the logout and whose body comes after',
    why: 'CWE-367: time of check, time of use',
    build: (context) => [
      lateBody(context, context.spareSessions.proxied, {
        method: 'POST',
        target: TRANSFERS,
        lines: ['Idempotency-Key: portcullis-probe'],
        body: ORDER,
      }),
    ],
    expect: REVOKED_LATE,
  },
  {
    id: 'late-body-own',
    title: 'session data whose head came before the logout and whose body comes after',
    why: 'CWE-367: time of check, time of use',
    build: (context) => [
      lateBody(context, context.spareSessions.own, {
        method: 'PUT',
        target: '/auth/session/data/probe',
        lines: [],
        body: '"late"',
      }),
    ],
    expect: REVOKED_LATE,
  },
];
