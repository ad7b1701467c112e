import { expect } from 'vitest';
import { createAccessTokenVerifier } from '../../src/jwt/access-token.ts';
import { Refusal } from '../../src/refusal.ts';
import { type RefreshedPair, refreshSession } from '../../src/sessions/refresh.ts';
import type { StartedSession } from '../../src/sessions/start.ts';
import { CLIENT, SESSION_OPTIONS, type SessionStore, sessionTest } from './session-store.ts';

/** How far apart the clocks of two gateways may be: the tolerance of `iat`. */
const TOLERATED_MS = 10_000;
const TTL_SECONDS = SESSION_OPTIONS.accessTokenTtlSeconds;

const test = sessionTest().extend('session', async ({ store }) => store.start(await store.addUser()));

/** Refreshes a session at a gateway whose clock is behind. */
async function refreshBehind(
  { other }: SessionStore,
  { refreshToken: token }: StartedSession,
  nowMs: number,
): Promise<RefreshedPair> {
  const pair = await refreshSession(other, { token, ...CLIENT }, nowMs);
  if (pair instanceof Refusal) throw new Error(pair.reason);
  return pair;
}

/** What the gateway says at that time of a token that it has issued. */
const verify = ({ other }: SessionStore, token: string, nowMs: number) =>
  createAccessTokenVerifier(other.ring.at(nowMs), SESSION_OPTIONS, 0)(token, nowMs);

test('a gateway whose clock is 10 s behind accepts the token of its own refresh', async ({
  store,
  session,
}) => {
  const nowMs = session.claims.iat * 1000 - TOLERATED_MS;
  const { accessToken, claims } = await refreshBehind(store, session, nowMs);
  expect(await verify(store, accessToken, nowMs)).toEqual(claims);
});

test('no token is dated before the login of its session, and none lives longer for it', async ({
  store,
  session,
}) => {
  const { claims } = await refreshBehind(store, session, session.claims.iat * 1000 - TOLERATED_MS);
  const { auth_time, iat, exp } = claims;
  expect({ auth_time, iat, exp }).toEqual({
    auth_time: iat,
    iat: session.claims.iat,
    exp: iat + TTL_SECONDS,
  });
});

test('a gateway whose clock is further behind than the tolerance rejects the token of its own refresh', async ({
  store,
  session,
}) => {
  const nowMs = session.claims.iat * 1000 - TOLERATED_MS - 1000;
  const { accessToken } = await refreshBehind(store, session, nowMs);
  expect(await verify(store, accessToken, nowMs)).toMatchObject({ reason: 'token_claims' });
});
