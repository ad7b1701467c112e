import { describe, expect } from 'vitest';
import { authzKey } from '../../../src/redis/keys.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf, startTestGateway } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';

const WINDOW_SECONDS = 60;
const SITE = 'http://127.0.0.1:8080';

const address = '198.51.100.7';

const test = gatewayTest({
  LOGIN_FAILURE_WINDOW_SECONDS: String(WINDOW_SECONDS),
  LOGIN_FAILURES_PER_ADDRESS: '30',
  TRUSTED_PROXIES: '127.0.0.0/8',
})
  .extend(
    'tryLogin',
    ({ gateway }) =>
      (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
        postJson(`${gateway.url}/auth/login`, body, { 'x-forwarded-for': address, ...headers }),
  )
  .extend(
    'post',
    ({ gateway }) =>
      (body: string | Uint8Array<ArrayBuffer>, type: string): Promise<Response> =>
        fetch(`${gateway.url}/auth/login`, { method: 'POST', body, headers: { 'content-type': type } }),
  )
  .extend(
    'cookieLogin',
    ({ tryLogin }) =>
      (headers: Record<string, string>): Promise<Response> =>
        tryLogin({ username: 'bob', password: 'foobared', transport: 'cookie' }, headers),
  );

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

test('the right password returns a bearer token with its lifetime in a response that must not be cached', async ({
  tryLogin,
}) => {
  const response = await tryLogin({ username: 'bob', password: 'foobared' });
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({
    access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: expect.stringMatching(/^v1\.[\w-]{22}\.[\w-]{22}\.0\.[\w-]{43}$/),
    session_id: expect.stringMatching(/^[\w-]{22}$/),
    device_token: expect.stringMatching(/^d1\.[\w-]{22}\.[\w-]{22}\.\d+\.\d+\.[\w-]{43}$/),
  });
});

test('usernames are compared without regard to case and Unicode compatibility forms', async ({
  tryLogin,
}) => {
  for (const username of ['BOB', 'ｂｏｂ']) {
    expect((await tryLogin({ username, password: 'foobared' })).status).toBe(200);
  }
});

test('an unknown username and a wrong password get the same response except for the request id', async ({
  tryLogin,
}) => {
  const responses = await Promise.all([
    tryLogin({ username: 'alice', password: 'not hers' }),
    tryLogin({ username: 'nobody-at-all', password: 'not hers' }),
  ]);
  const [known, unknown] = await Promise.all(
    responses.map(async (response) => {
      const { request_id, ...body } = (await response.json()) as Record<string, unknown>;
      const { date, 'content-length': length, ...headers } = Object.fromEntries(response.headers);
      return { status: response.status, body, headers, length };
    }),
  );
  expect(known).toEqual(unknown);
  expect(known).toMatchObject({ status: 401, body: { code: 'login_failed' } });
});

test('a blocked user with the right password gets the same response as for a wrong password', async ({
  gateway,
  tryLogin,
}) => {
  const sam = gateway.users.find(({ username }) => username === 'sam');
  await gateway.link.run((client) => client.del(authzKey(sam?.id ?? '')));
  const response = await tryLogin({ username: 'sam', password: 'supervise1' });
  expect(await problemOf(response)).toEqual({ status: 401, code: 'login_failed' });
});

describe('rate limits', () => {
  test('after five consecutive failures the sixth attempt is a 429 with Retry-After, even with the right password', async ({
    tryLogin,
  }) => {
    for (let i = 0; i < 5; i += 1) {
      const response = await tryLogin({ username: 'ada', password: 'wrong' });
      expect(await problemOf(response)).toEqual({ status: 401, code: 'login_failed' });
    }
    const sixth = await tryLogin({ username: 'Ada', password: 'administer1' });
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(sixth.headers.get('retry-after'))).toBeLessThanOrEqual(WINDOW_SECONDS);
    expect(await problemOf(sixth)).toEqual({ status: 429, code: 'login_throttled' });
  });

  test('unknown usernames are limited like existing ones', async ({ tryLogin }) => {
    for (let i = 0; i < 5; i += 1) await tryLogin({ username: 'ghost', password: 'wrong' });
    expect((await tryLogin({ username: 'ghost', password: 'wrong' })).status).toBe(429);
  });

  test('a successful login resets the count of failures', async ({ tryLogin }) => {
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 4; i += 1) await tryLogin({ username: 'alice', password: 'wrong' });
      expect((await tryLogin({ username: 'alice', password: 'wonderland1' })).status).toBe(200);
    }
  });

  test('at most five of forty concurrent guesses are checked', async ({ tryLogin }) => {
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const headers = { 'x-forwarded-for': `203.0.113.${i}` };
        return (await tryLogin({ username: 'root', password: `guess ${i}` }, headers)).status;
      }),
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
  });

  test('failures are limited for each address across usernames, and other addresses are not affected', async ({
    tryLogin,
  }) => {
    for (let i = 0; i < 30; i += 1) await tryLogin({ username: `spray-${i}`, password: 'wrong' });
    const response = await tryLogin({ username: 'bob', password: 'foobared' });
    expect(await problemOf(response)).toEqual({ status: 429, code: 'login_throttled' });
    expect(
      (await tryLogin({ username: 'bob', password: 'foobared' }, { 'x-forwarded-for': '192.0.2.1' })).status,
    ).toBe(200);
  });

  test('an IPv6 /64 counts as one address, in any notation', async ({ tryLogin }) => {
    const from = (i: number) => ({
      'x-forwarded-for': i % 2 === 0 ? `2001:db8:0:7::${i.toString(16)}` : `2001:0db8::7:1:2:3:${i}`,
    });
    for (let i = 0; i < 30; i += 1) await tryLogin({ username: `spray6-${i}`, password: 'wrong' }, from(i));
    const response = await tryLogin({ username: 'bob', password: 'foobared' }, from(30));
    expect(await problemOf(response)).toEqual({ status: 429, code: 'login_throttled' });
    const neighbour = { 'x-forwarded-for': '2001:db8:0:8::1' };
    expect((await tryLogin({ username: 'bob', password: 'foobared' }, neighbour)).status).toBe(200);
  });

  test('Redis contains no username as typed, because people type passwords there', async ({
    tryLogin,
    gateway,
  }) => {
    await tryLogin({ username: 'my-secret-typed-into-the-wrong-field', password: 'x' });
    const dump = JSON.stringify([...(await gateway.redis.dump())]);
    expect(dump).toContain('throttle:username:');
    expect(dump).not.toContain('my-secret-typed');
  });
});

describe('an invalid body', () => {
  test.for([
    ['no password', { username: 'bob' }, 'password'],
    ['a number as username', { username: 7, password: 'foobared' }, 'username'],
    ['an unknown member', { username: 'bob', password: 'foobared', admin: true }, 'admin'],
    ['an unknown transport', { username: 'bob', password: 'foobared', transport: 'pigeon' }, 'transport'],
    ['a password of 257 characters', { username: 'bob', password: 'x'.repeat(257) }, 'password'],
    ['an array', [], ''],
    ['null', null, ''],
  ])('%s is a 400 that names the field', async ([_what, body, field], { tryLogin }) => {
    const response = await tryLogin(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'body_invalid',
      errors: [expect.objectContaining({ field })],
    });
  });
  test.for<
    [what: string, body: string | Uint8Array<ArrayBuffer>, type: string, status: number, code: string]
  >([
    ['truncated JSON', '{"username":"bob"', 'application/json', 400, 'body_invalid'],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400, 'body_invalid'],
    ['an empty body', '', 'application/json', 400, 'body_invalid'],
    [
      'a form',
      'username=bob&password=foobared',
      'application/x-www-form-urlencoded',
      415,
      'media_type_unsupported',
    ],
    ['text', '{"username":"bob","password":"foobared"}', 'text/plain', 415, 'media_type_unsupported'],
    ['a body over the limit', `"${'x'.repeat(20_000)}"`, 'application/json', 413, 'body_too_large'],
  ])('%s is refused', async ([_what, body, type, status, code], { post }) => {
    expect(await problemOf(await post(body, type))).toEqual({ status, code });
  });
});

describe('with cookies', () => {
  test('the tokens are only in cookies that neither scripts nor other sites can use, and scripts see a cookie without a token', async ({
    cookieLogin,
  }) => {
    const response = await cookieLogin({ origin: SITE });
    expect(response.status).toBe(200);
    expect(Object.keys((await response.json()) as object).sort()).toEqual(['expires_in', 'session_id']);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^portcullis=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/),
      expect.stringMatching(/^portcullis-refresh=v1\.[\w.-]+; Path=\/auth; HttpOnly; SameSite=Strict$/),
      'portcullis-present=1; Path=/; SameSite=Strict',
      expect.stringMatching(
        /^portcullis-device=d1\.[\w.-]+; Max-Age=15552000; Path=\/auth; HttpOnly; SameSite=Strict$/,
      ),
    ]);
  });

  test('the cookie authenticates like the token, and logout deletes it', async ({ cookieLogin, gateway }) => {
    const cookie = (await cookieLogin({ origin: SITE })).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await fetch(`${gateway.url}/auth/session`, { headers: { cookie } })).status).toBe(200);
    const out = await fetch(`${gateway.url}/auth/logout`, {
      method: 'POST',
      headers: { cookie, origin: SITE },
    });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie().map((line) => line.split('; ').slice(0, 2))).toEqual([
      ['portcullis=', 'Max-Age=0'],
      ['portcullis-refresh=', 'Max-Age=0'],
      ['portcullis-present=', 'Max-Age=0'],
    ]);
    const after = await fetch(`${gateway.url}/auth/session`, { headers: { cookie } });
    expect(await problemOf(after)).toEqual({ status: 401, code: 'token_revoked' });
  });

  test.for<[what: string, headers: Record<string, string>]>([
    ['from another site', { origin: 'https://evil.example' }],
    ['from a sandboxed page', { origin: 'null' }],
    ['without an origin', {}],
    ['with Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['with Sec-Fetch-Site: same-site, from a sibling host,', { 'sec-fetch-site': 'same-site' }],
  ])('login and logout %s are refused', async ([_what, headers], { cookieLogin, gateway }) => {
    const cookie = (await cookieLogin({ origin: SITE })).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await problemOf(await cookieLogin(headers))).toEqual({ status: 403, code: 'origin_refused' });
    const out = await fetch(`${gateway.url}/auth/logout`, {
      method: 'POST',
      headers: { cookie, ...headers },
    });
    expect(await problemOf(out)).toEqual({ status: 403, code: 'origin_refused' });
    expect((await fetch(`${gateway.url}/auth/session`, { headers: { cookie } })).status).toBe(200);
  });

  test.for<[sender: string, status: number, site: string, dest: string]>([
    ['a page on a sibling host, which has the cookie,', 403, 'same-site', 'empty'],
    ['a frame in such a page', 403, 'same-site', 'iframe'],
    ['a page of another site in a browser that sends the cookie nevertheless', 403, 'cross-site', 'empty'],
    ['a link on a sibling host', 200, 'same-site', 'document'],
    ['the address bar', 200, 'none', 'document'],
    ["the site's own page", 200, 'same-origin', 'empty'],
  ])(
    "a read by %s is a %i, so that it cannot renew the session or use the user's concurrency limit",
    async ([_who, status, site, dest], { cookieLogin, gateway }) => {
      const cookie = (await cookieLogin({ origin: SITE })).headers.get('set-cookie')?.split(';')[0] ?? '';
      const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-dest': dest };
      const response = await fetch(`${gateway.url}/auth/session`, { headers });
      expect(response.status).toBe(status);
    },
  );
});

test('behind TLS all cookies are __Host- and Secure, so that no sibling host can plant one', async () => {
  const secure = await startTestGateway({ ISSUER: 'https://gate.example' });
  try {
    const body = { username: 'bob', password: 'foobared', transport: 'cookie' };
    const response = await postJson(`${secure.url}/auth/login`, body, { origin: 'https://gate.example' });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-portcullis=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
      expect.stringMatching(/^__Host-portcullis-refresh=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
      '__Host-portcullis-present=1; Path=/; Secure; SameSite=Strict',
      expect.stringMatching(
        /^__Host-portcullis-device=d1\.[\w.-]+; Max-Age=15552000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      ),
    ]);
  } finally {
    await secure.close();
  }
});

test('logins beyond the limit of the password queue are a 429 at once, for known and unknown usernames alike', async () => {
  const narrow = await startTestGateway({ PASSWORD_WORKERS: '1', PASSWORD_QUEUE_MAX: '1' });
  try {
    const requests = Array.from({ length: 12 }, (_, i) =>
      postJson(`${narrow.url}/auth/login`, {
        username: i % 2 === 0 ? 'bob' : `ghost-${i}`,
        password: 'wrong',
      }),
    );
    const responses = await Promise.all((await Promise.all(requests)).map(problemOf));
    const busy = responses.filter(({ code }) => code === 'too_busy');
    expect(busy.length).toBeGreaterThan(0);
    expect(busy.every(({ status }) => status === 429)).toBe(true);
    expect(responses.filter(({ code }) => code === 'login_failed').length).toBeGreaterThanOrEqual(2);
  } finally {
    await narrow.close();
  }
});

test('each login starts a new session with a new token, and earlier ones continue', async ({ gateway }) => {
  const [first, second] = [await gateway.login(), await gateway.login()];
  expect(first).not.toBe(second);
  for (const token of [first, second]) {
    expect((await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status).toBe(200);
  }
});
