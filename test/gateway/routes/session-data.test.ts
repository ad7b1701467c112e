import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { sessionDataKey, sessionKey } from '../../../src/redis/keys.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, problemOf } from '../../support/gateway.ts';
import { logIn, refreshed, startAnotherGateway, type Tokens } from '../../support/sessions.ts';

const MAX_BYTES = 4096;
const JSON_BODY = { 'content-type': 'application/json' };

const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;

const test = gatewayTest({ SESSIONS_PER_USER_MAX: '1000' })
  .extend('mine', ({ gateway }) => logIn(gateway.url))
  .extend(
    'ask',
    ({ mine, gateway }) =>
      (method: string, key: string, body: string | null = null, who = mine, url = gateway.url) =>
        fetch(`${url}/auth/session/data/${key}`, {
          method,
          body,
          headers: { ...bearer(who.access_token), ...(body === null ? {} : JSON_BODY) },
        }),
  )
  .extend(
    'storedKeys',
    ({ gateway }) =>
      async ({ session_id }: Tokens): Promise<string[]> =>
        [...(await gateway.redis.dump()).keys()].filter((key) => key.includes(session_id)),
  )
  .extend(
    'put',
    ({ mine, gateway, ask }) =>
      (key: string, body: string, who = mine, url = gateway.url) =>
        ask('PUT', key, body, who, url),
  )
  .extend(
    'read',
    ({ mine, ask }) =>
      async (key: string, who = mine): Promise<string> =>
        (await ask('GET', key, null, who)).text(),
  );

describe('any JSON value', () => {
  test.for<[what: string, json: string]>([
    ['null', 'null'],
    ['false', 'false'],
    ['zero', '0'],
    ['an empty string', '""'],
    ['an id beyond 2^53', '{"id":90071992547409931}'],
    ['a fraction with trailing zeros', '[1.50]'],
    ['white space inside', '{ "a" : [ 1 ] }'],
    ['a member called __proto__', '{"__proto__":{"admin":true}}'],
    ['characters of all kinds', '"é€😀\\u0000"'],
    ['two thousand arrays in one another', '['.repeat(2000) + ']'.repeat(2000)],
  ])('%s is stored byte for byte', async ([_what, json], { put, ask }) => {
    expect((await put('cart', json)).status).toBe(204);
    const response = await ask('GET', 'cart');
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('cache-control'),
    ]).toEqual([200, 'application/json', 'no-store']);
    expect(await response.text()).toBe(json);
  });

  test.for<[what: string, text: string]>([
    ['an empty body', ''],
    ['truncated JSON', '{"a":'],
    ['two values', '1 2'],
    ['undefined', 'undefined'],
    ['single quotes', "'a'"],
  ])('%s is not JSON and gets a 400 that keeps the existing value', async ([_what, body], { put, read }) => {
    await put('cart', '"before"');
    expect(await problemOf(await put('cart', body))).toEqual({ status: 400, code: 'body_invalid' });
    expect(await read('cart')).toBe('"before"');
  });

  test('another media type is a 415', async ({ mine, gateway }) => {
    const headers = { ...bearer(mine.access_token), 'content-type': 'text/plain' };
    const response = await fetch(`${gateway.url}/auth/session/data/cart`, {
      method: 'PUT',
      body: '1',
      headers,
    });
    expect(await problemOf(response)).toEqual({ status: 415, code: 'media_type_unsupported' });
  });
});

test('a value can be replaced and deleted, and deleting it again succeeds', async ({ put, read, ask }) => {
  await put('cart', '1');
  await put('cart', '2');
  expect(await read('cart')).toBe('2');
  for (let i = 0; i < 2; i += 1) expect((await ask('DELETE', 'cart')).status).toBe(204);
  expect(await problemOf(await ask('GET', 'cart'))).toEqual({ status: 404, code: 'data_unknown' });
});

describe('a key', () => {
  test.for(['a', 'A-b_c.d', '9', 'x'.repeat(64), 'n', 'gen', 'endsAt'])(
    '%s is accepted',
    async (key, { put, read, ask, gateway, mine }) => {
      expect((await put(key, '"kept"')).status).toBe(204);
      expect(await read(key)).toBe('"kept"');
      expect((await ask('DELETE', key)).status).toBe(204);
      expect(
        (await fetch(`${gateway.url}/auth/session`, { headers: bearer(mine.access_token) })).status,
      ).toBe(200);
      expect((await refreshed(gateway.url, mine.refresh_token)).session_id).toBe(mine.session_id);
    },
  );

  test.for(['x'.repeat(65), 'a:b', 'a,b', '%C3%A9', 'a%20b', '%7Ba%7D'])(
    '%s is a 400 with the reason for every method',
    async (key, { ask }) => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const response = await ask(method, key, method === 'PUT' ? '1' : null);
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ code: 'data_key_invalid', errors: [{ field: 'key' }] });
      }
    },
  );
});

describe('the data of a session together', () => {
  test('is limited to 4 KiB including keys, and one byte more is a 413 that changes nothing', async ({
    put,
    ask,
  }) => {
    const half = `"${'x'.repeat(2000 - 3)}"`;
    const rest = MAX_BYTES - (1 + half.length) - 1;
    expect((await put('a', half)).status).toBe(204);
    expect(await problemOf(await put('b', `"${'y'.repeat(rest - 1)}"`))).toEqual({
      status: 413,
      code: 'session_data_full',
    });
    expect((await put('b', `"${'y'.repeat(rest - 2)}"`)).status).toBe(204);
    expect(await problemOf(await put('c', '1'))).toEqual({ status: 413, code: 'session_data_full' });
    expect((await put('a', half.replaceAll('x', 'z'))).status).toBe(204);
    expect((await ask('GET', 'c')).status).toBe(404);
  });

  test('counts bytes, not characters', async ({ put }) => {
    expect((await put('a', `"${'€'.repeat(1400)}"`)).status).toBe(413);
    expect((await put('a', `"${'€'.repeat(1300)}"`)).status).toBe(204);
  });

  test('is protected from a value above the limit, which is a 413 before it is read', async ({ put }) => {
    const response = await put('a', `"${'x'.repeat(MAX_BYTES)}"`);
    expect(await problemOf(response)).toEqual({ status: 413, code: 'body_too_large' });
  });

  test('never exceeds the limit, even with concurrent writes through two gateways', async ({
    gateway,
    put,
    mine,
  }) => {
    const second = await startAnotherGateway(gateway);
    const value = `"${'x'.repeat(498)}"`;
    const responses = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        put(`key-${String(i).padStart(8, '0')}`, value, mine, i % 2 === 0 ? gateway.url : second.url),
      ),
    );
    const fit = Math.floor(MAX_BYTES / (500 + 12));
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(fit);
    expect(responses.filter(({ status }) => status === 413)).toHaveLength(30 - fit);
    await second.close();
  });
});

describe('data belongs to one session', () => {
  test('and is not visible in another, of the same or another user', async ({ put, gateway, ask, read }) => {
    await put('cart', '"mine"');
    for (const other of [await logIn(gateway.url), await logIn(gateway.url, 'alice')]) {
      expect((await ask('GET', 'cart', null, other)).status).toBe(404);
      await put('cart', '"theirs"', other);
    }
    expect(await read('cart')).toBe('"mine"');
  });

  test('and is kept across a refresh', async ({ put, gateway, mine, read }) => {
    await put('cart', '"mine"');
    const next = await refreshed(gateway.url, mine.refresh_token);
    expect(await read('cart', next)).toBe('"mine"');
  });

  test('and is deleted with it, also from Redis, and an ended session can neither read nor write', async ({
    put,
    gateway,
    mine,
    ask,
    storedKeys,
  }) => {
    await put('cart', '"mine"');
    await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(mine.access_token) });
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await ask(method, 'cart', method === 'PUT' ? '1' : null);
      expect(await problemOf(response)).toEqual({ status: 401, code: 'token_revoked' });
    }
    expect(await storedKeys(mine)).toEqual([]);
  });

  test('and expires in Redis exactly when the session reaches its idle timeout', async ({
    put,
    mine,
    gateway,
  }) => {
    await put('cart', '"mine"');
    const { sub, sid } = claimsOf(mine);
    const [data, active] = await gateway.link.run((client) =>
      client.multi().pExpireTime(sessionDataKey(sub, sid)).pExpireTime(sessionKey(sub, sid)).execTyped(),
    );
    expect(data).toBeGreaterThan(Date.now());
    expect(Math.abs(data - active)).toBeLessThanOrEqual(1);
  });
});
