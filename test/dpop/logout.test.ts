import { describe, expect } from 'vitest';
import { logInBound } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../support/gateway.ts';

const test = gatewayTest().extend('bound', ({ gateway }) => logInBound(gateway));

const BINDING_WRONG = { status: 401, code: 'token_binding_wrong' };
const PATH = '/auth/logout';

describe('the refresh token of a bound session alone', () => {
  test('ends the session with a proof of its key', async ({ gateway, bound }) => {
    const dpop = bound.client.proof('POST', gateway.settings.issuer + PATH);
    const { refresh_token } = bound.tokens;
    expect((await postJson(gateway.url + PATH, { refresh_token }, { dpop })).status).toBe(204);
    expect((await bound.request('/auth/session')).status).toBe(401);
  });

  test.for<[string, DpopClient | undefined]>([
    ['without a proof', undefined],
    ['with a proof of another key', new DpopClient()],
  ])('does not end it %s', async ([, client], { gateway, bound }) => {
    const dpop = client?.proof('POST', gateway.settings.issuer + PATH);
    const { refresh_token } = bound.tokens;
    const response = await postJson(
      gateway.url + PATH,
      { refresh_token },
      dpop === undefined ? {} : { dpop },
    );
    expect(await problemOf(response)).toEqual(BINDING_WRONG);
    expect((await bound.request('/auth/session')).status).toBe(200);
  });
});

describe('the access token of a bound session', () => {
  test('does not end it as a bearer token', async ({ gateway, bound }) => {
    const headers = bearer(bound.tokens.access_token);
    const response = await fetch(gateway.url + PATH, { method: 'POST', headers });
    expect(await problemOf(response)).toEqual(BINDING_WRONG);
    expect((await bound.request('/auth/session')).status).toBe(200);
  });

  test('ends it with a proof after the token has expired', async ({ gateway, bound }) => {
    const aheadMs = (gateway.settings.accessTokenTtlSeconds + 1) * 1000;
    gateway.advanceClock(aheadMs);
    try {
      const nowMs = Date.now() + aheadMs;
      expect((await bound.request(PATH, { method: 'POST', nowMs })).status).toBe(204);
      const { refresh_token } = bound.tokens;
      expect((await bound.refresh(undefined, { nowMs })).status, refresh_token).toBe(401);
    } finally {
      gateway.advanceClock(-aheadMs);
    }
  });
});

test('two sessions of one key end together, with one proof', async ({ gateway, bound }) => {
  const other = await logInBound(gateway, 'bob', bound.client);
  const body = { refresh_token: other.tokens.refresh_token };
  expect((await bound.request(PATH, { method: 'POST', body })).status).toBe(204);
  for (const session of [bound, other]) expect((await session.request('/auth/session')).status).toBe(401);
});

test('a session that has ended before gets the same response without a proof', async ({ gateway, bound }) => {
  await bound.request(PATH, { method: 'POST' });
  const { refresh_token } = bound.tokens;
  expect((await postJson(gateway.url + PATH, { refresh_token })).status).toBe(204);
});
