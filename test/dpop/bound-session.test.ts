import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { logInBound } from '../support/bound-session.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';
import type { Tokens } from '../support/sessions.ts';

const test = gatewayTest().extend('bound', ({ gateway }) => logInBound(gateway));

test('a login with a proof binds its token to the key of the proof', async ({ bound }) => {
  expect(bound.tokens).toMatchObject({ token_type: 'DPoP' });
  expect(bound.claims.cnf).toEqual({ jkt: bound.client.jkt });
});

test('a login without a proof gets a bearer token without a confirmation', async ({ token }) => {
  expect(decodeJwt(token).cnf).toBeUndefined();
});

test('a request with a bound token and its proof reaches the upstream', async ({ bound, upstream }) => {
  const before = upstream.count;
  expect((await bound.request('/bank/accounts?limit=1')).status).toBe(200);
  expect(upstream.count).toBe(before + 1);
});

test('a refresh with a proof returns a token that is bound to the same key', async ({ bound }) => {
  const response = await bound.refresh();
  expect(response.status).toBe(200);
  bound.tokens = (await response.json()) as Tokens;
  expect(bound.tokens).toMatchObject({ token_type: 'DPoP' });
  expect(bound.claims.cnf).toEqual({ jkt: bound.client.jkt });
  expect((await bound.request('/auth/session')).status).toBe(200);
});

test('a logout with a proof ends the session', async ({ bound }) => {
  expect((await bound.request('/auth/logout', { method: 'POST' })).status).toBe(204);
  const refused = await bound.request('/auth/session');
  expect(await problemOf(refused)).toEqual({ status: 401, code: 'token_revoked' });
});
