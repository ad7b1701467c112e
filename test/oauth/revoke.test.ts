import { describe, expect } from 'vitest';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import {
  auditRecords,
  basic,
  oauthTest,
  postForm,
  register,
  type Tokens,
  tokensOf,
} from './oauth-gateway.ts';

const test = oauthTest({ SESSIONS_PER_USER_MAX: '1000' }, { uses: ['revoke'] })
  .extend('tokens', ({ gateway }) => tokensOf(gateway))
  .extend(
    'revoke',
    ({ gateway, client }) =>
      (token: string, more: Record<string, string> = {}): Promise<Response> =>
        postForm(`${gateway.url}/oauth/revoke`, { token, ...more }, basic(client.id, client.secret)),
  )
  .extend(
    'status',
    ({ gateway }) =>
      async (token: string): Promise<number> =>
        (await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status,
  )
  .extend(
    'refresh',
    ({ gateway }) =>
      (refresh_token: string): Promise<Response> =>
        postJson(`${gateway.url}/auth/refresh`, { refresh_token }),
  )
  .extend(
    'revocations',
    ({ gateway }) =>
      async (): Promise<Record<string, unknown>[]> =>
        (await auditRecords(gateway)).filter(({ action }) => action === 'token_revoke'),
  )
  .extend('expectNoEffect', ({ revocations, revoke }) => async (token: string): Promise<void> => {
    const before = (await revocations()).length;
    const response = await revoke(token);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect((await revocations()).length).toBe(before);
  });

test.for([
  ['access token', 'access_token', 'access_token'],
  ['access token with a wrong hint', 'access_token', 'refresh_token'],
  ['access token with an unknown hint', 'access_token', 'nonsense'],
  ['refresh token', 'refresh_token', 'refresh_token'],
  ['refresh token with a wrong hint', 'refresh_token', 'access_token'],
] as const)(
  'a revoked %s takes its whole session with it, and no other',
  async ([_what, which, hint], { gateway, refresh, tokens, revoke, status }) => {
    const other = await tokensOf(gateway);
    const next = (await (await refresh(tokens.refresh_token)).json()) as Tokens;
    const given = which === 'access_token' ? tokens.access_token : next.refresh_token;
    const response = await revoke(given, { token_type_hint: hint });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    for (const { access_token } of [tokens, next]) expect(await status(access_token)).toBe(401);
    expect(await problemOf(await refresh(next.refresh_token))).toEqual({
      status: 401,
      code: 'refresh_token_invalid',
    });
    expect(await status(other.access_token)).toBe(200);
  },
);

test('a refresh token that has already been used still ends its session', async ({
  refresh,
  tokens,
  revoke,
  status,
}) => {
  const next = (await (await refresh(tokens.refresh_token)).json()) as Tokens;
  await revoke(tokens.refresh_token);
  expect(await status(next.access_token)).toBe(401);
});

test('a revocation is recorded with its client, and only once if repeated', async ({
  revocations,
  revoke,
  tokens,
  client,
}) => {
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
  test.for<[what: string, forge: (tokens: Tokens) => string]>([
    ['a wrong signature', ({ access_token }: Tokens) => access_token.replace(/[^.]+$/, 'A'.repeat(342))],
    ['a wrong MAC', ({ refresh_token }: Tokens) => refresh_token.replace(/[^.]+$/, 'A'.repeat(43))],
    ['a truncated token', ({ refresh_token }: Tokens) => refresh_token.slice(0, -1)],
    ['a session id instead of a token', ({ session_id }: Tokens) => session_id],
    ['another format', (_tokens: Tokens) => 'a b\0c'],
  ])('%s', async ([_what, forge], { expectNoEffect, tokens, status }) => {
    await expectNoEffect(forge(tokens));
    expect(await status(tokens.access_token)).toBe(200);
  });

  test('an access token that has expired', async ({ gateway, expectNoEffect, tokens, refresh }) => {
    const fresh = gateway.settings.accessTokenTtlSeconds * 1000;
    gateway.advanceClock(fresh);
    try {
      await expectNoEffect(tokens.access_token);
      expect((await refresh(tokens.refresh_token)).status).toBe(200);
    } finally {
      gateway.advanceClock(-fresh);
    }
  });
});

test('a client that is not registered for revocation ends nothing', async ({ gateway, tokens, status }) => {
  const { id, secret } = await register(gateway, ['introspect']);
  const form = { token: tokens.access_token };
  const response = await postForm(`${gateway.url}/oauth/revoke`, form, basic(id, secret));
  expect(await problemOf(response)).toEqual({ status: 400, code: 'client_not_permitted' });
  expect(await status(tokens.access_token)).toBe(200);
});

test('during a Redis outage no client is authenticated, no token is described, and no session is lost', async ({
  gateway,
  tokens,
  status,
}) => {
  const asker = await register(gateway);
  const form = { token: tokens.access_token };
  gateway.redis.freeze();
  try {
    for (const route of ['revoke', 'introspect']) {
      const response = await postForm(`${gateway.url}/oauth/${route}`, form, basic(asker.id, asker.secret));
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
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
  await expect.poll(() => status(tokens.access_token), { timeout: 20_000 }).toBe(200);
});
