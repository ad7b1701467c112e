import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { authzKey, whitelistKey } from '../../src/redis/keys.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let bank: Upstream;
beforeAll(async () => {
  bank = await startUpstream();
  gateway = await startTestGateway({ BANK_URL: bank.url });
});
afterAll(async () => {
  await gateway.close();
  await bank.close();
});

let token = '';
let claims: AccessClaims;
beforeEach(async () => {
  token = await gateway.login('alice');
  claims = decodeJwt(token) as AccessClaims;
});

const get = (path: string): Promise<Response> => fetch(gateway.url + path, { headers: bearer(token) });
const logOut = (): Promise<Response> =>
  fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(token) });

test('the whitelist entry expires at exactly the exp of the token', async () => {
  const key = whitelistKey(claims.sub, claims.jti);
  expect(await gateway.link.run((client) => client.expireTime(key))).toBe(claims.exp);
});

test('the token is nowhere in Redis, nor any part of it that could be replayed', async () => {
  const dump = JSON.stringify([...(await gateway.redis.dump())]);
  expect(dump).toContain(claims.jti);
  for (const part of token.split('.').slice(1)) expect(dump).not.toContain(part);
});

test('after log-out the same token is refused everywhere, and the bank is not asked', async () => {
  expect((await get('/bank/accounts')).status).toBe(200);
  const before = bank.count;
  expect((await logOut()).status).toBe(204);
  for (const path of ['/bank/accounts', '/auth/session']) {
    expect(await problemOf(await get(path))).toEqual({ status: 401, code: 'token_revoked' });
  }
  expect(await problemOf(await logOut())).toEqual({ status: 401, code: 'token_revoked' });
  expect(bank.count).toBe(before);
});

test('no request that starts after the answer to a log-out gets in, with hundreds in flight', async () => {
  let loggedOut = false;
  const late: number[] = [];
  const hammer = async (): Promise<void> => {
    for (let i = 0; i < 40; i += 1) {
      const startedAfter = loggedOut;
      const { status } = await get('/bank/accounts');
      if (startedAfter) late.push(status);
    }
  };
  const hammers = Array.from({ length: 16 }, hammer);
  await get('/bank/accounts');
  await logOut();
  loggedOut = true;
  await Promise.all(hammers);
  expect(late.length).toBeGreaterThan(0);
  expect(new Set(late)).toEqual(new Set([401]));
});

test('log-out ends one session of a user and no other', async () => {
  const other = await gateway.login('alice');
  await logOut();
  expect((await fetch(`${gateway.url}/auth/session`, { headers: bearer(other) })).status).toBe(200);
});

describe('what Redis says counts on the next request, not what the token says', () => {
  test('a user without an authorisation entry is refused', async () => {
    const key = authzKey(claims.sub);
    await gateway.link.run((client) => client.del(key));
    expect(await problemOf(await get('/bank/accounts'))).toEqual({ status: 401, code: 'token_revoked' });
    await gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'user', gen: 0 })));
    expect((await get('/bank/accounts')).status).toBe(200);
  });

  test('a role holds from the next request on', async () => {
    const key = authzKey(claims.sub);
    await gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'super-admin', gen: 0 })));
    expect(await (await get('/auth/session')).json()).toMatchObject({ role: 'super-admin' });
    await gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'user', gen: 0 })));
    expect(await (await get('/auth/session')).json()).toMatchObject({ role: 'user' });
  });

  test.each([
    ['no JSON', 'rubbish'],
    ['a role that does not exist', '{"role":"emperor"}'],
    ['a member that is not known', '{"role":"user","allow":"all"}'],
  ])(
    "an authorisation entry that is %s lets nobody in and is not the client's fault",
    async (_what, value) => {
      const before = bank.count;
      await gateway.link.run((client) => client.set(authzKey(claims.sub), value));
      const answer = await get('/bank/accounts');
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await problemOf(answer)).toEqual({ status: 503, code: 'service_unavailable' });
      expect(bank.count).toBe(before);
      await gateway.link.run((client) =>
        client.set(authzKey(claims.sub), writeAuthorization({ role: 'user', gen: 0 })),
      );
    },
  );

  test('a flushed Redis lets nobody in', async () => {
    const values = await gateway.link.run((client) => client.mGet([authzKey(claims.sub)]));
    await gateway.link.run((client) => client.del(whitelistKey(claims.sub, claims.jti)));
    expect(values[0]).not.toBeNull();
    expect(await problemOf(await get('/bank/accounts'))).toEqual({ status: 401, code: 'token_revoked' });
  });
});

test('who am I tells the user, the role, its scopes, the session and the expiry', async () => {
  const answer = await get('/auth/session');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms, ...who } =
    (await answer.json()) as Record<string, number>;
  const { accessTokenTtlSeconds, sessionIdleSeconds, sessionAbsoluteSeconds } = gateway.settings;
  const left = [token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms];
  const most = [accessTokenTtlSeconds, sessionIdleSeconds, sessionAbsoluteSeconds];
  for (const [i, seconds] of most.entries()) {
    expect(left[i]).toBeLessThanOrEqual(seconds * 1000);
    expect(left[i]).toBeGreaterThan(seconds * 1000 - 5000);
  }
  expect(who).toEqual({
    sub: claims.sub,
    username: 'alice',
    display_name: 'Alice Liddell',
    role: 'user',
    scope: 'session:own accounts:read transfers:write',
    session_id: claims.sid,
    client_id: 'portcullis-web',
    auth_time: claims.auth_time,
    exp: claims.exp,
  });
});

test('a token is refused from the second of its exp on, without Redis being asked', async () => {
  gateway.advanceClock(300_000);
  try {
    const before = await gateway.redis.commandCount();
    expect(await problemOf(await get('/bank/accounts'))).toEqual({ status: 401, code: 'token_expired' });
    expect(await gateway.redis.commandCount()).toBe(before);
  } finally {
    gateway.advanceClock(-300_000);
  }
});

test('an unknown route is a 404 problem', async () => {
  expect(await problemOf(await get('/nothing'))).toEqual({ status: 404, code: 'not_found' });
});
