import { describe, expect } from 'vitest';
import { authzKey, whitelistKey } from '../../src/redis/keys.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

const test = gatewayTest().extend('alice', ({ gateway }) => logInAs(gateway, 'alice'));

const REVOKED = { status: 401, code: 'token_revoked' };

test('the whitelist entry expires at exactly the exp of the token', async ({ gateway, alice }) => {
  const { sub, jti, exp } = alice.claims;
  expect(await gateway.link.run((client) => client.expireTime(whitelistKey(sub, jti)))).toBe(exp);
});

test('Redis holds neither the token nor any part of it that could be replayed', async ({
  gateway,
  alice,
}) => {
  const dump = JSON.stringify([...(await gateway.redis.dump())]);
  expect(dump).toContain(alice.claims.jti);
  for (const part of alice.token.split('.').slice(1)) expect(dump).not.toContain(part);
});

test('after logout every route rejects the token, and the upstream receives no request', async ({
  upstream,
  alice,
}) => {
  expect((await alice.request('/bank/accounts')).status).toBe(200);
  const before = upstream.count;
  expect((await alice.logOut()).status).toBe(204);
  for (const path of ['/bank/accounts', '/auth/session']) {
    expect(await problemOf(await alice.request(path))).toEqual(REVOKED);
  }
  expect(upstream.count).toBe(before);
});

test('no request sent after the logout response is accepted, with hundreds in flight', async ({ alice }) => {
  let loggedOut = false;
  const late: number[] = [];
  const sendMany = async (): Promise<void> => {
    for (let i = 0; i < 40; i += 1) {
      const sentAfterLogout = loggedOut;
      const { status } = await alice.request('/bank/accounts');
      if (sentAfterLogout) late.push(status);
    }
  };
  const senders = Array.from({ length: 16 }, sendMany);
  await alice.request('/bank/accounts');
  await alice.logOut();
  loggedOut = true;
  await Promise.all(senders);
  expect(late.length).toBeGreaterThan(0);
  expect(new Set(late)).toEqual(new Set([401]));
});

test("logout leaves the user's other sessions untouched", async ({ gateway, alice }) => {
  const other = await logInAs(gateway, 'alice');
  await alice.logOut();
  expect((await other.request('/auth/session')).status).toBe(200);
});

describe('Redis decides on the next request, not the token', () => {
  test('a user without an authorization entry is rejected', async ({ gateway, alice }) => {
    const key = authzKey(alice.claims.sub);
    await gateway.link.run((client) => client.del(key));
    expect(await problemOf(await alice.request('/bank/accounts'))).toEqual(REVOKED);
    await gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'user', generation: 0 })));
    expect((await alice.request('/bank/accounts')).status).toBe(200);
  });

  test('a role change applies to the next request', async ({ gateway, alice }) => {
    const setRole = (role: 'user' | 'super-admin') =>
      gateway.link.run((client) =>
        client.set(authzKey(alice.claims.sub), writeAuthorization({ role, generation: 0 })),
      );
    await setRole('super-admin');
    expect(await (await alice.request('/auth/session')).json()).toMatchObject({ role: 'super-admin' });
    await setRole('user');
    expect(await (await alice.request('/auth/session')).json()).toMatchObject({ role: 'user' });
  });

  test.for([
    ['is not JSON', 'rubbish'],
    ['holds an unknown role', '{"role":"emperor"}'],
    ['holds an unknown member', '{"role":"user","allow":"all"}'],
  ] as const)('an authorization entry that %s is a 503', async ([, value], { gateway, upstream, alice }) => {
    const key = authzKey(alice.claims.sub);
    const before = upstream.count;
    await gateway.link.run((client) => client.set(key, value));
    const response = await alice.request('/bank/accounts');
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
    expect(upstream.count).toBe(before);
    await gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'user', generation: 0 })));
  });

  test('a token without its whitelist entry is rejected, although its user is active', async ({
    gateway,
    alice,
  }) => {
    const { sub, jti } = alice.claims;
    await gateway.link.run((client) => client.del(whitelistKey(sub, jti)));
    expect(await gateway.link.run((client) => client.get(authzKey(sub)))).not.toBeNull();
    expect(await problemOf(await alice.request('/bank/accounts'))).toEqual(REVOKED);
  });
});

test('the current session lists the user, the role, its scopes, the session and the expiry', async ({
  gateway,
  alice,
}) => {
  const response = await alice.request('/auth/session');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const { token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms, ...user } =
    (await response.json()) as Record<string, number>;
  const { accessTokenTtlSeconds, sessionIdleSeconds, sessionAbsoluteSeconds } = gateway.settings;
  const leftMs = [token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms];
  const maxSeconds = [accessTokenTtlSeconds, sessionIdleSeconds, sessionAbsoluteSeconds];
  for (const [i, seconds] of maxSeconds.entries()) {
    expect(leftMs[i]).toBeLessThanOrEqual(seconds * 1000);
    expect(leftMs[i]).toBeGreaterThan(seconds * 1000 - 5000);
  }
  expect(user).toEqual({
    sub: alice.claims.sub,
    username: 'alice',
    display_name: 'Alice Liddell',
    role: 'user',
    scope: 'session:own accounts:read transfers:write',
    session_id: alice.claims.sid,
    client_id: 'portcullis-web',
    auth_time: alice.claims.auth_time,
    exp: alice.claims.exp,
  });
});

test('an expired token is rejected from the second of its exp on, without a Redis command', async ({
  gateway,
  alice,
}) => {
  gateway.advanceClock(300_000);
  try {
    const commands = await gateway.redis.commandsDuring(async () => {
      const response = await alice.request('/bank/accounts');
      expect(await problemOf(response)).toEqual({ status: 401, code: 'token_expired' });
    });
    expect(commands).toEqual([]);
  } finally {
    gateway.advanceClock(-300_000);
  }
});

test('an unknown route is a 404 problem', async ({ alice }) => {
  expect(await problemOf(await alice.request('/nothing'))).toEqual({ status: 404, code: 'not_found' });
});
