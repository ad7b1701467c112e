import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import { type AccessClaims, signAccessToken } from '../../src/jwt/access-token.ts';
import { authzKey, clientsKey, sessionKey, whitelistKey } from '../../src/redis/keys.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import {
  basic,
  introspected,
  oauthTest,
  postForm,
  register,
  type Tokens,
  tokensOf,
} from './oauth-gateway.ts';

const test = oauthTest({ SESSIONS_PER_USER_MAX: '1000' }, { uses: ['introspect'] })
  .extend('tokens', ({ gateway }) => tokensOf(gateway, 'alice'))
  .extend('claims', ({ tokens }) => decodeJwt<AccessClaims>(tokens.access_token))
  .extend(
    'ask',
    ({ gateway, client }) =>
      (token: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> =>
        introspected(gateway, client, token, more),
  )
  .extend('expectBothInactive', ({ ask, tokens }) => async (): Promise<void> => {
    expect(await ask(tokens.access_token)).toEqual({ active: false });
    expect(await ask(tokens.refresh_token)).toEqual({ active: false });
  });

test('an active access token is described with the current scopes of its user and no personal data', async ({
  gateway,
  tokens,
  client,
  claims,
  ask,
}) => {
  const response = await postForm(
    `${gateway.url}/oauth/introspect`,
    { token: tokens.access_token },
    basic(client.id, client.secret),
  );
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toMatch(/^application\/json\b/);
  expect(await response.json()).toEqual({
    active: true,
    token_type: 'Bearer',
    scope: 'session:own accounts:read transfers:write',
    ...claims,
  });
  const role = writeAuthorization({ role: 'supervisor', generation: 0 });
  await gateway.link.run((redis) => redis.set(authzKey(claims.sub), role));
  expect((await ask(tokens.access_token)).scope).toBe(
    'session:own accounts:read transfers:write accounts:read-any',
  );
});

test('an active refresh token is described without any member that could make it pass for an access token', async ({
  ask,
  tokens,
  gateway,
  claims,
}) => {
  const response = await ask(tokens.refresh_token);
  expect(response).toEqual({
    active: true,
    iss: gateway.settings.issuer,
    sub: claims.sub,
    sid: claims.sid,
    client_id: 'portcullis-web',
    iat: claims.iat,
    exp: claims.iat + gateway.settings.sessionAbsoluteSeconds,
  });
});

test('the hint makes no difference, whether right, wrong or unknown', async ({ ask, tokens }) => {
  for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
    expect(await ask(tokens.access_token, { token_type_hint })).toMatchObject({ active: true });
    expect(await ask(tokens.refresh_token, { token_type_hint })).toMatchObject({ active: true });
  }
});

test('only the last refresh token of a session is active', async ({ gateway, tokens, ask, claims }) => {
  const refreshed = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: tokens.refresh_token });
  const { refresh_token } = (await refreshed.json()) as Tokens;
  expect(await ask(tokens.refresh_token)).toEqual({ active: false });
  expect(await ask(refresh_token)).toMatchObject({ active: true, sid: claims.sid });
});

test('introspection does not count as activity', async ({ claims, gateway, ask, tokens }) => {
  const key = sessionKey(claims.sub, claims.sid);
  await gateway.link.run((redis) => redis.pExpire(key, 60_000));
  await ask(tokens.access_token);
  await ask(tokens.refresh_token);
  expect(await gateway.link.run((redis) => redis.pTTL(key))).toBeLessThanOrEqual(60_000);
});

describe('a token is only described as inactive', () => {
  test('after logout', async ({ gateway, tokens, expectBothInactive }) => {
    await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(tokens.access_token) });
    await expectBothInactive();
  });

  test('when the user is blocked', async ({ gateway, claims, expectBothInactive, ask, tokens }) => {
    const authz = await gateway.link.run((redis) => redis.getDel(authzKey(claims.sub)));
    await expectBothInactive();
    await gateway.link.run((redis) => redis.set(authzKey(claims.sub), authz ?? ''));
    expect(await ask(tokens.access_token)).toMatchObject({ active: true });
  });

  test('when all sessions of the user were ended by their generation', async ({
    gateway,
    claims,
    expectBothInactive,
  }) => {
    await gateway.link.run((redis) =>
      redis.set(authzKey(claims.sub), writeAuthorization({ role: 'user', generation: 1 })),
    );
    await expectBothInactive();
    await gateway.link.run((redis) =>
      redis.set(authzKey(claims.sub), writeAuthorization({ role: 'user', generation: 0 })),
    );
  });

  test('after the idle timeout of the session', async ({ gateway, claims, expectBothInactive }) => {
    await gateway.link.run((redis) => redis.del(sessionKey(claims.sub, claims.sid)));
    await expectBothInactive();
  });

  test('if the whitelist entry of an access token is gone, and the refresh token stays active', async ({
    gateway,
    claims,
    ask,
    tokens,
  }) => {
    await gateway.link.run((redis) => redis.del(whitelistKey(claims.sub, claims.jti)));
    expect(await ask(tokens.access_token)).toEqual({ active: false });
    expect(await ask(tokens.refresh_token)).toMatchObject({ active: true });
  });

  test('when it has expired', async ({ gateway, ask, tokens }) => {
    gateway.advanceClock(gateway.settings.accessTokenTtlSeconds * 1000);
    try {
      expect(await ask(tokens.access_token)).toEqual({ active: false });
      expect(await ask(tokens.refresh_token)).toMatchObject({ active: true });
      gateway.advanceClock(gateway.settings.sessionAbsoluteSeconds * 1000);
      expect(await ask(tokens.refresh_token)).toEqual({ active: false });
      gateway.advanceClock(-gateway.settings.sessionAbsoluteSeconds * 1000);
    } finally {
      gateway.advanceClock(-gateway.settings.accessTokenTtlSeconds * 1000);
    }
  });

  test.for<[what: string, forge: (tokens: Tokens) => string]>([
    [
      'a wrong signature',
      ({ access_token }: Tokens) => access_token.replace(/\.[^.]+$/, `.${'A'.repeat(342)}`),
    ],
    ['a wrong MAC', ({ refresh_token }: Tokens) => refresh_token.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`)],
    ['a truncated token', ({ access_token }: Tokens) => access_token.slice(0, -4)],
    ['a trailing space', ({ access_token }: Tokens) => `${access_token} `],
    ['another format', (_tokens: Tokens) => 'a'],
  ])('with %s', async ([_what, forge], { ask, tokens }) => {
    expect(await ask(forge(tokens))).toEqual({ active: false });
  });

  test('if it was signed with the right key for a session that never existed', async ({
    claims,
    ask,
    gateway,
  }) => {
    const foreign = { ...claims, jti: 'A'.repeat(22), sid: 'A'.repeat(22) };
    expect(await ask(await signAccessToken(gateway.ring, foreign))).toEqual({ active: false });
  });
});

test('a client that is not registered for introspection learns nothing', async ({ gateway, tokens }) => {
  const { id, secret } = await register(gateway, ['revoke']);
  const form = { token: tokens.access_token };
  const response = await postForm(`${gateway.url}/oauth/introspect`, form, basic(id, secret));
  expect(await problemOf(response)).toEqual({ status: 400, code: 'client_not_permitted' });
});

test('a client entry in Redis of an unexpected form authenticates no client', async ({ gateway, tokens }) => {
  const { id, secret } = await register(gateway);
  await gateway.link.run((redis) => redis.hSet(clientsKey(), id, '{"name":"x","uses":["everything"]}'));
  const form = { token: tokens.access_token };
  const response = await postForm(`${gateway.url}/oauth/introspect`, form, basic(id, secret));
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
});
