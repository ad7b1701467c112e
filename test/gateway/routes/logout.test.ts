import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { sessionKey } from '../../../src/redis/keys.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../../support/gateway.ts';
import { logIn, refresh, refreshed, type Tokens } from '../../support/sessions.ts';

const SITE = { origin: 'http://127.0.0.1:8080' };
const CLEARED = ['portcullis', 'portcullis-refresh', 'portcullis-present'];

const test = gatewayTest({ SESSIONS_PER_USER_MAX: '1000' })
  .extend('isActive', ({ gateway }) => async ({ access_token, session_id }: Tokens): Promise<boolean> => {
    const { sub } = decodeJwt<AccessClaims>(access_token);
    return (await gateway.link.run((client) => client.exists(sessionKey(sub, session_id)))) === 1;
  })
  .extend(
    'logOut',
    ({ gateway }) =>
      (headers: Record<string, string>, body?: unknown): Promise<Response> =>
        body === undefined
          ? fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers })
          : postJson(`${gateway.url}/auth/logout`, body, headers),
  )
  .extend('expired', ({ gateway }) => async <T>(work: () => Promise<T>): Promise<T> => {
    gateway.advanceClock(600_000);
    try {
      return await work();
    } finally {
      gateway.advanceClock(-600_000);
    }
  });

const clearedBy = (response: Response): string[] =>
  response.headers
    .getSetCookie()
    .filter((line) => line.includes('=; Max-Age=0'))
    .map((line) => line.split('=')[0] ?? '');

describe('the session ends by', () => {
  test('an access token, and is recorded', async ({ gateway, logOut, isActive }) => {
    const tokens = await logIn(gateway.url);
    expect((await logOut(bearer(tokens.access_token))).status).toBe(204);
    expect(await isActive(tokens)).toBe(false);
    expect(await problemOf(await refresh(gateway.url, tokens.refresh_token))).toEqual({
      status: 401,
      code: 'refresh_token_invalid',
    });
    expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
      action: 'logout',
      result: 'done',
      actor: decodeJwt(tokens.access_token).sub,
      session: tokens.session_id,
    });
  });

  test('an access token that has expired', async ({ gateway, logOut, isActive, expired }) => {
    const tokens = await logIn(gateway.url);
    const response = await expired(() => logOut(bearer(tokens.access_token)));
    expect(response.status).toBe(204);
    expect(await isActive(tokens)).toBe(false);
  });

  test('a refresh token in the body', async ({ gateway, logOut, isActive }) => {
    const tokens = await logIn(gateway.url);
    expect((await logOut({}, { refresh_token: tokens.refresh_token })).status).toBe(204);
    expect(await isActive(tokens)).toBe(false);
  });

  test('a refresh token that has been superseded', async ({ gateway, logOut, isActive }) => {
    const tokens = await logIn(gateway.url);
    await refreshed(gateway.url, tokens.refresh_token);
    expect((await logOut({}, { refresh_token: tokens.refresh_token })).status).toBe(204);
    expect(await isActive(tokens)).toBe(false);
  });

  test('the cookie of the refresh token alone', async ({ gateway, logOut, isActive }) => {
    const tokens = await logIn(gateway.url);
    const response = await logOut({ cookie: `portcullis-refresh=${tokens.refresh_token}`, ...SITE });
    expect(response.status).toBe(204);
    expect(clearedBy(response)).toEqual(CLEARED);
    expect(await isActive(tokens)).toBe(false);
  });

  test('the cookies of a page whose access token has expired', async ({
    gateway,
    logOut,
    isActive,
    expired,
  }) => {
    const tokens = await logIn(gateway.url);
    const cookie = `portcullis=${tokens.access_token}; portcullis-refresh=${tokens.refresh_token}`;
    const response = await expired(() => logOut({ cookie, ...SITE }));
    expect([response.status, clearedBy(response)]).toEqual([204, CLEARED]);
    expect(await isActive(tokens)).toBe(false);
  });
});

test('a session that has ended before gets the same response, and nothing is recorded', async ({
  gateway,
  logOut,
}) => {
  const tokens = await logIn(gateway.url);
  await logOut(bearer(tokens.access_token));
  const recorded = (await auditRecords(gateway.link)).length;
  expect((await logOut(bearer(tokens.access_token))).status).toBe(204);
  expect((await logOut({}, { refresh_token: tokens.refresh_token })).status).toBe(204);
  expect(await auditRecords(gateway.link)).toHaveLength(recorded);
});

test('two genuine tokens of two sessions end both', async ({ gateway, logOut, isActive }) => {
  const [one, two] = [await logIn(gateway.url), await logIn(gateway.url)];
  const body = { refresh_token: two.refresh_token };
  expect((await logOut(bearer(one.access_token), body)).status).toBe(204);
  expect([await isActive(one), await isActive(two)]).toEqual([false, false]);
});

test('without a genuine token nothing ends, and the cookies are cleared nevertheless', async ({
  gateway,
  logOut,
  isActive,
  expired,
}) => {
  const tokens = await logIn(gateway.url);
  const { access_token, refresh_token } = tokens;
  const forged = `${access_token.slice(0, -4)}AAAA`;
  const responses: Response[] = [];
  const commands = await gateway.redis.commandsDuring(async () => {
    responses.push(await expired(() => logOut({ cookie: `portcullis=${forged}`, ...SITE })));
    responses.push(await logOut({ cookie: `portcullis-refresh=${refresh_token}x`, ...SITE }));
    responses.push(await logOut(SITE));
  });
  expect(commands).toEqual([]);
  for (const response of responses) expect(clearedBy(response)).toEqual(CLEARED);
  expect(await Promise.all(responses.map(problemOf))).toEqual([
    { status: 401, code: 'token_invalid' },
    { status: 401, code: 'refresh_token_invalid' },
    { status: 401, code: 'credential_missing' },
  ]);
  expect(await isActive(tokens)).toBe(true);
});

test('another site can neither end a session by the cookie of its refresh token nor clear the cookies', async ({
  gateway,
  logOut,
  isActive,
}) => {
  const tokens = await logIn(gateway.url);
  const cookie = `portcullis-refresh=${tokens.refresh_token}`;
  for (const headers of [{ origin: 'https://evil.example' }, {}, { 'sec-fetch-site': 'same-site' }]) {
    const response = await logOut({ cookie, ...(headers as Record<string, string>) });
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await problemOf(response)).toEqual({ status: 403, code: 'origin_refused' });
  }
  expect(await isActive(tokens)).toBe(true);
});

test('two refresh tokens are refused as ambiguous, and none of their sessions ends', async ({
  gateway,
  logOut,
  isActive,
}) => {
  const [one, two] = [await logIn(gateway.url), await logIn(gateway.url)];
  const cookie = `portcullis-refresh=${one.refresh_token}`;
  const response = await logOut({ cookie, ...SITE }, { refresh_token: two.refresh_token });
  expect(await problemOf(response)).toEqual({ status: 400, code: 'credential_invalid' });
  expect([await isActive(one), await isActive(two)]).toEqual([true, true]);
});

test('an expired access token authenticates nothing else', async ({ gateway, expired }) => {
  const { access_token } = await logIn(gateway.url);
  const response = await expired(() =>
    fetch(`${gateway.url}/auth/sessions`, { method: 'DELETE', headers: bearer(access_token) }),
  );
  expect(await problemOf(response)).toEqual({ status: 401, code: 'token_expired' });
});
