import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewClient } from '../../src/clients/clients.ts';
import { bearer, postJson, problemOf, type TestGateway } from '../support/gateway.ts';
import {
  auditRecords,
  basic,
  postForm,
  register,
  startOauthGateway,
  type Tokens,
  tokensOf,
} from './oauth-gateway.ts';

let gateway: TestGateway;
let client: NewClient;
let tokens: Tokens;
beforeAll(async () => {
  gateway = await startOauthGateway({ SESSIONS_PER_USER_MAX: '1000' });
  client = await register(gateway, ['revoke']);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  tokens = await tokensOf(gateway);
});

const revoke = (token: string, more: Record<string, string> = {}): Promise<Response> =>
  postForm(`${gateway.url}/oauth/revoke`, { token, ...more }, basic(client.id, client.secret));
const status = async (token: string): Promise<number> =>
  (await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status;
const refresh = (refresh_token: string): Promise<Response> =>
  postJson(`${gateway.url}/auth/refresh`, { refresh_token });
const revocations = async (): Promise<Record<string, unknown>[]> =>
  (await auditRecords(gateway)).filter(({ action }) => action === 'token_revoke');

test.each([
  ['access token', 'access_token', 'access_token'],
  ['access token with a wrong hint', 'access_token', 'refresh_token'],
  ['access token with an unknown hint', 'access_token', 'nonsense'],
  ['refresh token', 'refresh_token', 'refresh_token'],
  ['refresh token with a wrong hint', 'refresh_token', 'access_token'],
] as const)('a revoked %s takes its whole session with it, and no other', async (_what, which, hint) => {
  const other = await tokensOf(gateway);
  const next = (await (await refresh(tokens.refresh_token)).json()) as Tokens;
  const given = which === 'access_token' ? tokens.access_token : next.refresh_token;
  const answer = await revoke(given, { token_type_hint: hint });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  for (const { access_token } of [tokens, next]) expect(await status(access_token)).toBe(401);
  expect(await problemOf(await refresh(next.refresh_token))).toEqual({
    status: 401,
    code: 'refresh_token_invalid',
  });
  expect(await status(other.access_token)).toBe(200);
});

test('a refresh token that has already been used still ends its session', async () => {
  const next = (await (await refresh(tokens.refresh_token)).json()) as Tokens;
  await revoke(tokens.refresh_token);
  expect(await status(next.access_token)).toBe(401);
});

test('a revocation is recorded with its client, and only once if repeated', async () => {
  const before = (await revocations()).length;
  for (let i = 0; i < 3; i += 1) expect((await revoke(tokens.access_token)).status).toBe(200);
  const [record, ...more] = (await revocations()).slice(before);
  expect(more).toEqual([]);
  expect(record).toMatchObject({
    actor: client.id,
    subject: tokens.refresh_token.split('.')[1],
    session: tokens.session_id,
    result: 'done',
    address: '127.0.0.1',
  });
});

describe('an invalid token gets the same response as a valid one and ends nothing', () => {
  const endsNothing = async (token: string): Promise<void> => {
    const before = (await revocations()).length;
    const answer = await revoke(token);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    expect((await revocations()).length).toBe(before);
  };

  test.each([
    ['a wrong signature', () => tokens.access_token.replace(/[^.]+$/, 'A'.repeat(342))],
    ['a wrong MAC', () => tokens.refresh_token.replace(/[^.]+$/, 'A'.repeat(43))],
    ['a truncated token', () => tokens.refresh_token.slice(0, -1)],
    ['a session id instead of a token', () => tokens.session_id],
    ['another format', () => 'a b\0c'],
  ])('%s', async (_what, forge) => {
    await endsNothing(forge());
    expect(await status(tokens.access_token)).toBe(200);
  });

  test('an access token that has expired', async () => {
    const fresh = gateway.settings.accessTokenTtlSeconds * 1000;
    gateway.advanceClock(fresh);
    try {
      await endsNothing(tokens.access_token);
      expect((await refresh(tokens.refresh_token)).status).toBe(200);
    } finally {
      gateway.advanceClock(-fresh);
    }
  });
});

test('a client that is not registered for revocation ends nothing', async () => {
  const { id, secret } = await register(gateway, ['introspect']);
  const form = { token: tokens.access_token };
  const answer = await postForm(`${gateway.url}/oauth/revoke`, form, basic(id, secret));
  expect(await problemOf(answer)).toEqual({ status: 400, code: 'client_not_permitted' });
  expect(await status(tokens.access_token)).toBe(200);
});

test('during a Redis outage no client is authenticated, no token is described, and no session is lost', async () => {
  const asker = await register(gateway);
  const form = { token: tokens.access_token };
  gateway.redis.freeze();
  try {
    for (const route of ['revoke', 'introspect']) {
      const answer = await postForm(`${gateway.url}/oauth/${route}`, form, basic(asker.id, asker.secret));
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await problemOf(answer)).toEqual({ status: 503, code: 'service_unavailable' });
    }
    const grant = {
      grant_type: 'refresh_token',
      client_id: 'portcullis-web',
      refresh_token: tokens.refresh_token,
    };
    expect((await postForm(`${gateway.url}/oauth/token`, grant)).status).toBe(503);
  } finally {
    gateway.redis.thaw();
  }
  await expect.poll(() => status(tokens.access_token), { timeout: 5000 }).toBe(200);
});
