import { randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { loadOrCreateRefreshKey } from '../../../src/keys/refresh-key.ts';
import { authzKey, sessionKey } from '../../../src/redis/keys.ts';
import { mintRefreshToken } from '../../../src/sessions/refresh-token.ts';
import { writeAuthorization } from '../../../src/users/authorization.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../../support/gateway.ts';
import {
  logIn,
  refresh,
  refreshed,
  startAnotherGateway,
  statusOf,
  type Tokens,
} from '../../support/sessions.ts';
import { until } from '../../support/until.ts';

const GRACE_MS = 10_000;
const REFUSED = { status: 401, code: 'refresh_token_invalid' };
const SITE = { origin: 'http://127.0.0.1:8080' };

const refreshCookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .find((line) => line.startsWith('portcullis-refresh='))
    ?.split(';')[0] ?? '';
const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;

const test = gatewayTest({ SESSIONS_PER_USER_MAX: '1000', SESSION_ABSOLUTE_SECONDS: '7200' })
  .extend('other', { scope: 'file' }, async ({ gateway }, { onCleanup }) => {
    const other = await startAnotherGateway(gateway);
    onCleanup(() => other.close());
    return other;
  })
  .extend('refreshKey', { scope: 'file' }, ({ gateway }) =>
    loadOrCreateRefreshKey(`${gateway.settings.dataDir}/keys`),
  )
  .extend('withClockAhead', ({ gateway }) => async <T>(byMs: number, work: () => Promise<T>): Promise<T> => {
    gateway.advanceClock(byMs);
    try {
      return await work();
    } finally {
      gateway.advanceClock(-byMs);
    }
  })
  /** Asserts that a refresh is refused and leaves Redis unchanged. */
  .extend(
    'expectRefused',
    ({ gateway }) =>
      async (
        attempt: () => Promise<Response>,
        expected: { status: number; code: string } = REFUSED,
      ): Promise<void> => {
        const before = await gateway.redis.dump();
        expect(await problemOf(await attempt())).toEqual(expected);
        expect(await gateway.redis.dump()).toEqual(before);
      },
  )
  .extend('partsOf', ({ gateway }) => async (username: string) => {
    const { refresh_token } = await logIn(gateway.url, username);
    const [, sub = '', sid = '', n = '', mac = ''] = refresh_token.split('.');
    return { sub, sid, n, mac, whole: refresh_token };
  })
  .extend('cookieLogIn', ({ gateway }) => async (remember = false): Promise<string> => {
    const body = { username: 'bob', password: 'foobared', transport: 'cookie', remember };
    const response = await postJson(`${gateway.url}/auth/login`, body, SITE);
    return refreshCookieOf(response);
  })
  .extend(
    'refreshBy',
    ({ gateway }) =>
      (cookie: string, headers: Record<string, string>, body: string | null = null): Promise<Response> =>
        fetch(`${gateway.url}/auth/refresh`, { method: 'POST', body, headers: { cookie, ...headers } }),
  );

test('a refresh returns a new access token and a new refresh token of the same session', async ({
  gateway,
}) => {
  const first = await logIn(gateway.url);
  const response = await refresh(gateway.url, first.refresh_token);
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  const next = (await response.json()) as Tokens;
  expect(next).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: expect.stringMatching(/^v1\.[\w-]{22}\.[\w-]{22}\.1\.[\w-]{43}$/),
    session_id: first.session_id,
  });
  const [before, after] = [claimsOf(first), claimsOf(next)];
  expect(after).toEqual({ ...before, jti: after.jti, iat: after.iat, exp: after.exp });
  expect(after.jti).not.toBe(before.jti);
  expect(await statusOf(gateway.url, next.access_token)).toBe(200);
});

test('twenty concurrent refreshes of one token at two gateways all succeed and return the same successor', async ({
  gateway,
  other,
}) => {
  const first = await logIn(gateway.url);
  const responses = await Promise.all(
    Array.from({ length: 20 }, (_, i) => refresh(i % 2 === 0 ? gateway.url : other.url, first.refresh_token)),
  );
  expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
  const pairs = (await Promise.all(responses.map((response) => response.json()))) as Tokens[];
  expect(new Set(pairs.map(({ refresh_token }) => refresh_token)).size).toBe(1);
  expect(new Set(pairs.map((pair) => JSON.stringify(claimsOf(pair)))).size).toBe(1);
  const statuses = await Promise.all(
    pairs.flatMap(({ access_token }) => [gateway.url, other.url].map((url) => statusOf(url, access_token))),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect((await refreshed(other.url, pairs[0]?.refresh_token ?? '')).refresh_token).toContain('.2.');
});

test('within the grace period the previous token returns the current pair with its remaining lifetime', async ({
  gateway,
  withClockAhead,
}) => {
  const first = await logIn(gateway.url);
  const next = await refreshed(gateway.url, first.refresh_token);
  const again = await withClockAhead(GRACE_MS - 2000, () => refreshed(gateway.url, first.refresh_token));
  expect(claimsOf(again)).toEqual(claimsOf(next));
  expect(again.refresh_token).toBe(next.refresh_token);
  expect(again.expires_in).toBeGreaterThanOrEqual(290);
  expect(again.expires_in).toBeLessThanOrEqual(293);
});

test('a crossing within the grace period is recorded with both addresses', async ({ gateway }) => {
  const first = await logIn(gateway.url);
  await refreshed(gateway.url, first.refresh_token);
  await refreshed(gateway.url, first.refresh_token);
  expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
    action: 'refresh_crossing',
    result: 'done',
    session: first.session_id,
    address: '127.0.0.1',
    detail: 'last refresh from 127.0.0.1',
  });
});

test('the access token from before a refresh stays valid until it expires or the session ends', async ({
  gateway,
}) => {
  const first = await logIn(gateway.url);
  const next = await refreshed(gateway.url, first.refresh_token);
  expect(await statusOf(gateway.url, first.access_token)).toBe(200);
  await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(next.access_token) });
  expect(await statusOf(gateway.url, first.access_token)).toBe(401);
});

test('an access token never outlives its session', async ({ gateway, withClockAhead }) => {
  const first = await logIn(gateway.url);
  const endsAt = claimsOf(first).auth_time + 7200;
  const last = await withClockAhead(7_100_000, () => refreshed(gateway.url, first.refresh_token));
  expect(claimsOf(last).exp).toBe(endsAt);
  expect(last.expires_in).toBeLessThanOrEqual(100);
});

describe('reuse after the grace period', () => {
  test('ends the session with its access and refresh tokens and nothing else, and is recorded', async ({
    gateway,
    other,
    withClockAhead,
    expectRefused,
  }) => {
    const bystander = await logIn(gateway.url);
    const first = await logIn(gateway.url);
    const next = await refreshed(gateway.url, first.refresh_token);
    expect(await statusOf(other.url, next.access_token)).toBe(200);

    const replay = await withClockAhead(GRACE_MS, () => refresh(gateway.url, first.refresh_token));
    expect(await problemOf(replay)).toEqual(REFUSED);
    for (const { access_token } of [first, next]) {
      const response = await fetch(`${other.url}/auth/session`, { headers: bearer(access_token) });
      expect(await problemOf(response)).toEqual({ status: 401, code: 'token_revoked' });
    }
    for (const { refresh_token } of [first, next])
      await expectRefused(() => refresh(other.url, refresh_token));
    expect(await statusOf(gateway.url, bystander.access_token)).toBe(200);
    expect(
      await statusOf(gateway.url, (await refreshed(gateway.url, bystander.refresh_token)).access_token),
    ).toBe(200);

    const { sub, sid } = claimsOf(first);
    expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
      action: 'refresh_reuse',
      result: 'done',
      subject: sub,
      session: sid,
      address: '127.0.0.1',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const left = [...(await gateway.redis.dump()).keys()].filter((key) => key.includes(sid));
    expect(left).toEqual([]);
  });

  test('ends the session even within the grace period if the token is older than the previous one', async ({
    gateway,
  }) => {
    const first = await logIn(gateway.url);
    const next = await refreshed(gateway.url, first.refresh_token);
    const current = await refreshed(gateway.url, next.refresh_token);
    expect(await problemOf(await refresh(gateway.url, first.refresh_token))).toEqual(REFUSED);
    expect(await statusOf(gateway.url, current.access_token)).toBe(401);
  });
});

describe('a token that the gateway did not issue is refused and changes nothing', () => {
  test('the MAC of one session with the ids of another, of the same or another user', async ({
    partsOf,
    expectRefused,
    gateway,
  }) => {
    const [mine, mineToo, hers] = [await partsOf('bob'), await partsOf('bob'), await partsOf('alice')];
    for (const [sub, sid] of [
      [mine.sub, mineToo.sid],
      [hers.sub, mine.sid],
      [mine.sub, hers.sid],
      [hers.sub, hers.sid],
    ])
      await expectRefused(() => refresh(gateway.url, `v1.${sub}.${sid}.0.${mine.mac}`));
    for (const { whole } of [mine, mineToo, hers]) await refreshed(gateway.url, whole);
  });

  test("a genuine MAC over another user's session", async ({
    partsOf,
    refreshKey,
    expectRefused,
    gateway,
  }) => {
    const [mine, hers] = [await partsOf('bob'), await partsOf('alice')];
    const forged = mintRefreshToken(refreshKey, { sub: mine.sub, sid: hers.sid, refreshCount: 0 });
    await expectRefused(() => refresh(gateway.url, forged));
    await refreshed(gateway.url, hers.whole);
  });

  test('a counter that was never issued', async ({ partsOf, expectRefused, gateway, refreshKey }) => {
    const { sub, sid, whole } = await partsOf('bob');
    for (const n of [1, 2, 999_999_999])
      await expectRefused(() =>
        refresh(gateway.url, mintRefreshToken(refreshKey, { sub, sid, refreshCount: n })),
      );
    await refreshed(gateway.url, whole);
  });

  test('another key, a truncated token, non-canonical forms', async ({ partsOf, expectRefused, gateway }) => {
    const { sub, sid, whole } = await partsOf('bob');
    const foreign = mintRefreshToken(randomBytes(32), { sub, sid, refreshCount: 0 });
    for (const token of [
      foreign,
      whole.slice(0, -1),
      whole.slice(0, 40),
      `${whole}=`,
      `${whole}\n`,
      ` ${whole}`,
    ])
      await expectRefused(() => refresh(gateway.url, token));
    await refreshed(gateway.url, whole);
  });

  test('an access token, and a refresh token is not accepted as an access token', async ({ gateway }) => {
    const { access_token, refresh_token } = await logIn(gateway.url);
    const response = await refresh(gateway.url, access_token);
    expect([400, 401]).toContain(response.status);
    expect(
      await problemOf(await fetch(`${gateway.url}/auth/session`, { headers: bearer(refresh_token) })),
    ).toEqual({
      status: 401,
      code: 'token_invalid',
    });
  });
});

describe('an ended session is not refreshed', () => {
  test('after logout', async ({ gateway, expectRefused }) => {
    const first = await logIn(gateway.url);
    await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(first.access_token) });
    await expectRefused(() => refresh(gateway.url, first.refresh_token));
  });

  test('after its idle timeout', async ({ gateway, expectRefused }) => {
    const first = await logIn(gateway.url);
    const { sub, sid } = claimsOf(first);
    await gateway.link.run((client) => client.del(sessionKey(sub, sid)));
    await expectRefused(() => refresh(gateway.url, first.refresh_token));
  });

  test('from its absolute end', async ({ gateway, withClockAhead, expectRefused }) => {
    const first = await logIn(gateway.url);
    await withClockAhead(7_200_000, () => expectRefused(() => refresh(gateway.url, first.refresh_token)));
  });

  test('after its user was blocked or all sessions were ended', async ({ gateway, expectRefused }) => {
    const first = await logIn(gateway.url, 'alice');
    const key = authzKey(claimsOf(first).sub);
    const set = (generation: number) =>
      gateway.link.run((client) => client.set(key, writeAuthorization({ role: 'user', generation })));
    await gateway.link.run((client) => client.del(key));
    await expectRefused(() => refresh(gateway.url, first.refresh_token));
    await set(1);
    await expectRefused(() => refresh(gateway.url, first.refresh_token));
    await set(0);
    await refreshed(gateway.url, first.refresh_token);
  });

  test("a refresh from an address outside the user's ranges is refused and changes nothing", async ({
    gateway,
    expectRefused,
  }) => {
    const first = await logIn(gateway.url, 'alice');
    const key = authzKey(claimsOf(first).sub);
    const authorization = { role: 'user', generation: 0 } as const;
    const elsewhere = writeAuthorization({ ...authorization, ranges: ['198.51.100.0/24'] });
    await gateway.link.run((client) => client.set(key, elsewhere));
    await expectRefused(() => refresh(gateway.url, first.refresh_token), {
      status: 403,
      code: 'address_refused',
    });
    await gateway.link.run((client) => client.set(key, writeAuthorization(authorization)));
    await refreshed(gateway.url, first.refresh_token);
  });
});

describe('by cookie', () => {
  test('both cookies are renewed and the body contains no token', async ({
    cookieLogIn,
    refreshBy,
    gateway,
  }) => {
    const cookie = await cookieLogIn();
    const response = await refreshBy(cookie, SITE);
    expect(response.status).toBe(200);
    expect(Object.keys((await response.json()) as object).sort()).toEqual(['expires_in', 'session_id']);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^portcullis=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict$/),
      expect.stringMatching(
        /^portcullis-refresh=v1\.[\w.-]+\.1\.[\w-]+; Path=\/auth; HttpOnly; SameSite=Strict$/,
      ),
      'portcullis-present=1; Path=/; SameSite=Strict',
    ]);
    const access = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await fetch(`${gateway.url}/auth/session`, { headers: { cookie: access } })).status).toBe(200);
    expect((await refreshBy(refreshCookieOf(response), SITE)).status).toBe(200);
  });

  test('with remember the cookies are persistent, for no longer than the session', async ({
    withClockAhead,
    refreshBy,
    cookieLogIn,
  }) => {
    const response = await withClockAhead(0, async () => refreshBy(await cookieLogIn(true), SITE));
    for (const line of response.headers.getSetCookie().slice(1)) {
      const maxAge = Number(/Max-Age=(\d+)/.exec(line)?.[1]);
      expect(maxAge).toBeLessThanOrEqual(2_592_000);
      expect(maxAge).toBeGreaterThan(2_591_990);
    }
  });

  test.for<[sender: string, headers: Record<string, string>]>([
    ['another site', { origin: 'https://evil.example' }],
    ['an unknown origin', {}],
    ['a sibling host', { 'sec-fetch-site': 'same-site' }],
  ])(
    'a refresh from %s is refused and changes nothing',
    async ([_where, headers], { cookieLogIn, expectRefused, refreshBy }) => {
      const cookie = await cookieLogIn();
      await expectRefused(() => refreshBy(cookie, headers), { status: 403, code: 'origin_refused' });
      expect((await refreshBy(cookie, SITE)).status).toBe(200);
    },
  );

  test('a cookie with a body, or two cookies, are refused as ambiguous', async ({
    cookieLogIn,
    expectRefused,
    refreshBy,
  }) => {
    const [cookie, second] = [await cookieLogIn(), await cookieLogIn()];
    const body = JSON.stringify({ refresh_token: cookie.split('=')[1] });
    const both = { ...SITE, 'content-type': 'application/json' };
    const twice = { status: 400, code: 'credential_invalid' };
    await expectRefused(() => refreshBy(cookie, both, body), twice);
    await expectRefused(() => refreshBy(`${cookie}; ${second}`, SITE), twice);
    await expectRefused(() => refreshBy(`${cookie}; ${cookie}`, SITE), twice);
  });
});

test.for<[string, unknown, number, string]>([
  ['no member', {}, 400, 'body_invalid'],
  ['an unknown member', { refresh_token: 'x', scope: 'all' }, 400, 'body_invalid'],
  ['a number', { refresh_token: 7 }, 400, 'body_invalid'],
  ['an empty token', { refresh_token: '' }, 400, 'body_invalid'],
  ['a text that is no token', { refresh_token: 'x' }, 401, 'refresh_token_invalid'],
])('a body with %s is refused', async ([_what, body, status, code], { expectRefused, gateway }) => {
  await expectRefused(() => postJson(`${gateway.url}/auth/refresh`, body), { status, code });
});

test('without a cookie and without a body there is no credential', async ({ gateway, expectRefused }) => {
  const ask = (): Promise<Response> => fetch(`${gateway.url}/auth/refresh`, { method: 'POST' });
  await expectRefused(ask, { status: 401, code: 'credential_missing' });
});

test('during a Redis outage a refresh is a 503, and the same token is valid afterwards', async ({
  gateway,
  other,
}) => {
  const first = await logIn(gateway.url);
  gateway.redis.freeze();
  try {
    const response = await refresh(gateway.url, first.refresh_token);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
  } finally {
    gateway.redis.thaw();
  }
  await until(async () => (await fetch(`${other.url}/readyz`)).ok);
  const next = await refreshed(other.url, first.refresh_token);
  expect(await statusOf(other.url, next.access_token)).toBe(200);
});
