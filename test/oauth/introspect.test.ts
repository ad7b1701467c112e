import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewClient } from '../../src/clients/clients.ts';
import { type AccessClaims, signAccessToken } from '../../src/jwt/access-token.ts';
import { activeKey, authzKey, clientsKey, whitelistKey } from '../../src/redis/keys.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { bearer, postJson, problemOf, type TestGateway } from '../support/gateway.ts';
import {
  basic,
  introspected,
  postForm,
  register,
  startOauthGateway,
  type Tokens,
  tokensOf,
} from './oauth-gateway.ts';

let gateway: TestGateway;
let client: NewClient;
let tokens: Tokens;
let claims: AccessClaims;
beforeAll(async () => {
  gateway = await startOauthGateway({ SESSIONS_PER_USER_MAX: '1000' });
  client = await register(gateway, ['introspect']);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  tokens = await tokensOf(gateway, 'alice');
  claims = decodeJwt(tokens.access_token) as AccessClaims;
});

const ask = (token: string, more: Record<string, string> = {}): Promise<Record<string, unknown>> =>
  introspected(gateway, client, token, more);

test('an active access token is described with the current scopes of its user and no personal data', async () => {
  const answer = await postForm(
    `${gateway.url}/oauth/introspect`,
    { token: tokens.access_token },
    basic(client.id, client.secret),
  );
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-type')).toMatch(/^application\/json\b/);
  expect(await answer.json()).toEqual({
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

test('an active refresh token is described without any member that could make it pass for an access token', async () => {
  const answer = await ask(tokens.refresh_token);
  expect(answer).toEqual({
    active: true,
    iss: gateway.settings.issuer,
    sub: claims.sub,
    sid: claims.sid,
    client_id: 'portcullis-web',
    iat: claims.iat,
    exp: claims.iat + gateway.settings.sessionAbsoluteSeconds,
  });
});

test('the hint makes no difference, whether right, wrong or unknown', async () => {
  for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
    expect(await ask(tokens.access_token, { token_type_hint })).toMatchObject({ active: true });
    expect(await ask(tokens.refresh_token, { token_type_hint })).toMatchObject({ active: true });
  }
});

test('only the last refresh token of a session is active', async () => {
  const refreshed = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: tokens.refresh_token });
  const { refresh_token } = (await refreshed.json()) as Tokens;
  expect(await ask(tokens.refresh_token)).toEqual({ active: false });
  expect(await ask(refresh_token)).toMatchObject({ active: true, sid: claims.sid });
});

test('introspection does not count as activity', async () => {
  const key = activeKey(claims.sub, claims.sid);
  await gateway.link.run((redis) => redis.pExpire(key, 60_000));
  await ask(tokens.access_token);
  await ask(tokens.refresh_token);
  expect(await gateway.link.run((redis) => redis.pTTL(key))).toBeLessThanOrEqual(60_000);
});

describe('a token is only described as inactive', () => {
  const bothDead = async (): Promise<void> => {
    expect(await ask(tokens.access_token)).toEqual({ active: false });
    expect(await ask(tokens.refresh_token)).toEqual({ active: false });
  };

  test('after logout', async () => {
    await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(tokens.access_token) });
    await bothDead();
  });

  test('when the user is blocked', async () => {
    const authz = await gateway.link.run((redis) => redis.getDel(authzKey(claims.sub)));
    await bothDead();
    await gateway.link.run((redis) => redis.set(authzKey(claims.sub), authz ?? ''));
    expect(await ask(tokens.access_token)).toMatchObject({ active: true });
  });

  test('when all sessions of the user were ended by their generation', async () => {
    await gateway.link.run((redis) =>
      redis.set(authzKey(claims.sub), writeAuthorization({ role: 'user', generation: 1 })),
    );
    await bothDead();
    await gateway.link.run((redis) =>
      redis.set(authzKey(claims.sub), writeAuthorization({ role: 'user', generation: 0 })),
    );
  });

  test('after the idle timeout of the session', async () => {
    await gateway.link.run((redis) => redis.del(activeKey(claims.sub, claims.sid)));
    await bothDead();
  });

  test('if the whitelist entry of an access token is gone, and the refresh token stays active', async () => {
    await gateway.link.run((redis) => redis.del(whitelistKey(claims.sub, claims.jti)));
    expect(await ask(tokens.access_token)).toEqual({ active: false });
    expect(await ask(tokens.refresh_token)).toMatchObject({ active: true });
  });

  test('when it has expired', async () => {
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

  test.each([
    ['a wrong signature', () => tokens.access_token.replace(/\.[^.]+$/, `.${'A'.repeat(342)}`)],
    ['a wrong MAC', () => tokens.refresh_token.replace(/\.[^.]+$/, `.${'A'.repeat(43)}`)],
    ['a truncated token', () => tokens.access_token.slice(0, -4)],
    ['a trailing space', () => `${tokens.access_token} `],
    ['another format', () => 'a'],
  ])('with %s', async (_what, forge) => {
    expect(await ask(forge())).toEqual({ active: false });
  });

  test('if it was signed with the right key for a session that never existed', async () => {
    const foreign = { ...claims, jti: 'A'.repeat(22), sid: 'A'.repeat(22) };
    expect(await ask(await signAccessToken(gateway.ring, foreign))).toEqual({ active: false });
  });
});

test('a client that is not registered for introspection learns nothing', async () => {
  const { id, secret } = await register(gateway, ['revoke']);
  const form = { token: tokens.access_token };
  const answer = await postForm(`${gateway.url}/oauth/introspect`, form, basic(id, secret));
  expect(await problemOf(answer)).toEqual({ status: 400, code: 'client_not_permitted' });
});

test('a client entry in Redis of an unexpected form authenticates nobody', async () => {
  const { id, secret } = await register(gateway);
  await gateway.link.run((redis) => redis.hSet(clientsKey(), id, '{"name":"x","uses":["everything"]}'));
  const form = { token: tokens.access_token };
  const answer = await postForm(`${gateway.url}/oauth/introspect`, form, basic(id, secret));
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await problemOf(answer)).toEqual({ status: 503, code: 'service_unavailable' });
});
