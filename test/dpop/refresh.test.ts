import { describe, expect } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { logInBound } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { postJson, problemOf, type TestGateway } from '../support/gateway.ts';
import { logIn, type Tokens } from '../support/sessions.ts';

const test = gatewayTest({ REFRESH_GRACE_SECONDS: '0' }).extend('bound', ({ gateway }) =>
  logInBound(gateway),
);

const BINDING_WRONG = { status: 401, code: 'token_binding_wrong' };

const sessionOf = ({ link }: TestGateway, sub: string, sid: string) =>
  link.run((client) => client.get(sessionKey(sub, sid)));

describe('the refresh token of a bound session', () => {
  test.for<[string, () => DpopClient | undefined]>([
    ['without a proof', () => undefined],
    ['with a proof of another key', () => new DpopClient()],
  ])('is refused %s, which changes nothing about the session', async ([, clientOf], { gateway, bound }) => {
    const { sub, sid } = bound.claims;
    const before = await sessionOf(gateway, sub, sid);
    const client = clientOf();
    const proof = client?.proof('POST', `${gateway.settings.issuer}/auth/refresh`);
    const body = { refresh_token: bound.tokens.refresh_token };
    const response = await postJson(
      `${gateway.url}/auth/refresh`,
      body,
      proof === undefined ? {} : { dpop: proof },
    );
    expect(await problemOf(response)).toEqual(BINDING_WRONG);
    expect(await sessionOf(gateway, sub, sid)).toBe(before);
    expect((await bound.refresh()).status).toBe(200);
  });

  test('that was used before is not counted as reuse without the key', async ({ gateway, bound }) => {
    const stale = bound.tokens;
    bound.tokens = (await (await bound.refresh()).json()) as Tokens;
    const body = { refresh_token: stale.refresh_token };
    expect(await problemOf(await postJson(`${gateway.url}/auth/refresh`, body))).toEqual(BINDING_WRONG);
    expect((await bound.request('/auth/session')).status).toBe(200);
  });

  test('that was used before is counted as reuse with the key, and ends the session', async ({ bound }) => {
    const current = (await (await bound.refresh()).json()) as Tokens;
    expect(await problemOf(await bound.refresh())).toEqual({ status: 401, code: 'refresh_token_invalid' });
    bound.tokens = current;
    expect(await problemOf(await bound.request('/auth/session'))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
  });

  test('is refused with a proof for another route', async ({ bound }) => {
    const response = await bound.refresh(undefined, { claims: { htu: 'http://127.0.0.1:8080/auth/login' } });
    expect(await problemOf(response)).toEqual({ status: 401, code: 'dpop_proof_invalid' });
  });
});

test('the refresh token of a session that is not bound is refused with a proof', async ({ gateway }) => {
  const { refresh_token } = await logIn(gateway.url);
  const dpop = new DpopClient().proof('POST', `${gateway.settings.issuer}/auth/refresh`);
  const response = await postJson(`${gateway.url}/auth/refresh`, { refresh_token }, { dpop });
  expect(await problemOf(response)).toEqual(BINDING_WRONG);
  expect((await postJson(`${gateway.url}/auth/refresh`, { refresh_token })).status).toBe(200);
});

test('the proof beside a refresh token that is not genuine is not even looked at', async ({ gateway }) => {
  const forged = `v1.${'A'.repeat(22)}.${'B'.repeat(22)}.0.${'C'.repeat(42)}A`;
  const headers = { dpop: 'not a proof' };
  const response = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: forged }, headers);
  expect(await problemOf(response)).toEqual({ status: 401, code: 'refresh_token_invalid' });
});

describe('at the OAuth token endpoint', () => {
  const form = (refresh_token: string): URLSearchParams =>
    new URLSearchParams({ grant_type: 'refresh_token', client_id: 'portcullis-web', refresh_token });

  test('a bound session is refreshed with a proof', async ({ gateway, bound }) => {
    const dpop = bound.client.proof('POST', `${gateway.settings.issuer}/oauth/token`);
    const body = form(bound.tokens.refresh_token);
    const response = await fetch(`${gateway.url}/oauth/token`, { method: 'POST', body, headers: { dpop } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ token_type: 'DPoP' });
  });

  test.for<[string, (client: DpopClient, url: string) => Record<string, string>, string, string]>([
    ['without a proof', () => ({}), 'invalid_grant', 'refresh_token_invalid'],
    [
      'with a proof for another route',
      (client, url) => ({ dpop: client.proof('POST', `${url}/x`) }),
      'invalid_dpop_proof',
      'dpop_proof_invalid',
    ],
  ])('a bound session is refused with 400 %s', async ([, headersOf, error, code], { gateway, bound }) => {
    const headers = headersOf(bound.client, `${gateway.settings.issuer}/oauth/token`);
    const body = form(bound.tokens.refresh_token);
    const response = await fetch(`${gateway.url}/oauth/token`, { method: 'POST', body, headers });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error, code });
    expect((await bound.refresh()).status).toBe(200);
  });
});
