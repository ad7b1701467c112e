import { type Attack, BINDING_LATE, GRANT_LATE } from '../attack.ts';
import { post, rawRequest } from '../requests.ts';
import { type BoundContext, boundAttack } from './attacks.ts';
import { proofFor } from './proof.ts';

/** A use of the refresh token at one of the two routes, with header lines. */
const refreshWith = (
  context: BoundContext,
  path: string,
  token: string,
  lines: readonly string[],
): Buffer => {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'portcullis-web',
    refresh_token: token,
  });
  const [type, body] =
    path === '/oauth/token'
      ? ['application/x-www-form-urlencoded', form.toString()]
      : ['application/json', JSON.stringify({ refresh_token: token })];
  return rawRequest(context, post(path, type, body, lines));
};

/** Refreshes without the key of the session. */
function stolenRefresh(path: string): (context: BoundContext) => Buffer[] {
  return (context) => {
    const { bound, attackerKeys, refreshTokens } = context;
    const request = { method: 'POST', path };
    const proof = proofFor(bound, request);
    const foreign = proofFor({ ...bound, key: attackerKeys.p256 }, request);
    return [
      refreshWith(context, path, bound.refresh, []),
      refreshWith(context, path, bound.refresh, [`DPoP: ${foreign}`]),
      refreshWith(context, path, refreshTokens.live, [`DPoP: ${proof}`]),
    ];
  };
}

/** Attacks on the session itself. None of them counts as a reuse of the refresh token. */
export const DPOP_SESSION_ATTACKS: readonly Attack[] = [
  boundAttack(
    'refresh',
    'a refresh without the key of the session, or with a key that it is not bound to',
    'RFC 9449 §5: refresh tokens of public clients are bound',
    BINDING_LATE,
    stolenRefresh('/auth/refresh'),
  ),
  boundAttack(
    'refresh-grant',
    'the same at the token endpoint',
    'RFC 9449 §5; RFC 6749 §5.2',
    GRANT_LATE,
    stolenRefresh('/oauth/token'),
  ),
  boundAttack(
    'logout',
    'a logout by a bound token without its key',
    'RFC 9449 §7.1, RFC 9700 §4.14: nobody else ends a session',
    BINDING_LATE,
    (context) => {
      const path = '/auth/logout';
      const { bound } = context;
      const lines = [`Authorization: DPoP ${bound.access}`, 'Content-Length: 0'];
      return [
        rawRequest(context, { method: 'POST', target: path, lines }),
        refreshWith(context, path, bound.refresh, []),
      ];
    },
  ),
];
