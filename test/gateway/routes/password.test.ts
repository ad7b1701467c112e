import { expect } from 'vitest';
import { bearer, loginAs, problemOf } from '../../support/gateway.ts';
import { pairTest } from '../../support/gateway-pair.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { idOf, send, sessionProblem } from './admin-clients.ts';

const REVOKED = { status: 401, code: 'token_revoked' };

let password = 'foobared';
let made = 0;

const test = pairTest()
  .extend(
    'tokenOf',
    ({ pair }) =>
      async (url = pair.url): Promise<string> =>
        String((await login(url)).body.access_token),
  )
  .extend(
    'change',
    ({ pair }) =>
      (token: string, current: string, next: string, url = pair.url) =>
        send(`${url}/auth/password`, 'POST', {
          token,
          body: { current_password: current, new_password: next },
        }),
  );

test.beforeEach(({ pair }) => resetRateLimits(pair.link));

const login = (url: string, as = password) =>
  send(`${url}/auth/login`, 'POST', { body: { username: 'bob', password: as } });
const nextPassword = (): string => `correct horse battery ${++made}`;

test('a password change replaces the old password, ends all other sessions and keeps this one', async ({
  pair,
  tokenOf,
  change,
}) => {
  const mine = await login(pair.url);
  const token = String(mine.body.access_token);
  const others = [await tokenOf(), await tokenOf(pair.otherUrl)];
  const [old, next] = [password, nextPassword()];
  expect(await change(token, old, next)).toEqual({ status: 204, body: {} });
  password = next;
  for (const other of others)
    for (const url of [pair.url, pair.otherUrl]) expect(await sessionProblem(url, other)).toEqual(REVOKED);
  for (const url of [pair.url, pair.otherUrl]) expect((await sessionProblem(url, token)).status).toBe(200);
  const refresh = { body: { refresh_token: mine.body.refresh_token } };
  const refreshed = await send(`${pair.otherUrl}/auth/refresh`, 'POST', refresh);
  expect((await sessionProblem(pair.url, String(refreshed.body.access_token))).status).toBe(200);
  const { body } = await send(`${pair.url}/auth/sessions`, 'GET', { token });
  expect(body.sessions).toHaveLength(1);
  expect((await login(pair.url, old)).status).toBe(401);
  expect((await login(pair.otherUrl)).status).toBe(200);
});

test('of the session that asks, the token that asked stays valid, and a refresh replaces any other', async ({
  pair,
  change,
}) => {
  const mine = await login(pair.url);
  const refreshed = await send(`${pair.url}/auth/refresh`, 'POST', {
    body: { refresh_token: mine.body.refresh_token },
  });
  const next = nextPassword();
  expect((await change(String(mine.body.access_token), password, next)).status).toBe(204);
  password = next;
  const statusOf = async ({ body }: typeof mine): Promise<number> =>
    (await sessionProblem(pair.otherUrl, String(body.access_token))).status;
  expect([await statusOf(mine), await statusOf(refreshed)]).toEqual([200, 401]);
  const replaced = await send(`${pair.otherUrl}/auth/refresh`, 'POST', {
    body: { refresh_token: refreshed.body.refresh_token },
  });
  expect(await statusOf(replaced)).toBe(200);
});

test('a password change is recorded, successful or refused', async ({ tokenOf, change, pair }) => {
  const token = await tokenOf();
  await change(token, 'not the password', nextPassword());
  const root = await loginAs(pair.url, 'root');
  const { body } = await send(`${pair.url}/admin/audit?action=password_change&limit=2`, 'GET', {
    token: root,
  });
  const about = { actor: idOf(pair, 'bob'), subject: idOf(pair, 'bob'), session: expect.any(String) };
  expect(body.records).toEqual([
    expect.objectContaining({ ...about, result: 'refused' }),
    expect.objectContaining({ ...about, result: 'done' }),
  ]);
});

test('a wrong current password changes nothing and ends no session', async ({ tokenOf, change, pair }) => {
  const [token, other] = [await tokenOf(), await tokenOf()];
  expect(await change(token, 'not the password', nextPassword())).toMatchObject({
    status: 403,
    body: { code: 'password_wrong' },
  });
  for (const one of [token, other]) expect((await sessionProblem(pair.url, one)).status).toBe(200);
  expect((await login(pair.url)).status).toBe(200);
});

test('guesses of the current password are limited for each session, apart from failed logins', async ({
  tokenOf,
  change,
  pair,
}) => {
  const token = await tokenOf();
  for (let i = 0; i < 5; i += 1) expect((await change(token, `guess ${i}`, nextPassword())).status).toBe(403);
  const response = await fetch(`${pair.otherUrl}/auth/password`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(token) },
    body: JSON.stringify({ current_password: password, new_password: nextPassword() }),
  });
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await problemOf(response)).toEqual({ status: 429, code: 'login_throttled' });
  const other = await login(pair.url);
  expect(other.status).toBe(200);
  expect((await change(String(other.body.access_token), 'a guess', nextPassword())).status).toBe(403);
});

test('strangers who fail to log in as the user do not keep the user from changing the password', async ({
  tokenOf,
  change,
  pair,
}) => {
  const token = await tokenOf();
  for (let i = 0; i < 20; i += 1) await login(pair.url, `guess ${i}`);
  expect(await login(pair.url)).toMatchObject({ status: 429, body: { code: 'login_throttled' } });
  const next = nextPassword();
  expect((await change(token, password, next)).status).toBe(204);
  password = next;
});

test.for<[what: string, password: string]>([
  ['14 characters', 'zqkvwjxpqyhmft'],
  ['257 characters', 'x'.repeat(257)],
  ['a row of keys', 'qwertyuiopasdfgh'],
  ['the username, a year and signs', 'Bob.Mould-2026!!'],
])(
  '%s is refused with the field and the reason, and nothing changes',
  async ([_what, next], { tokenOf, change, pair }) => {
    const [token, other] = [await tokenOf(), await tokenOf()];
    expect(await change(token, password, next)).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', errors: [{ field: 'new_password', message: expect.any(String) }] },
    });
    expect((await sessionProblem(pair.url, other)).status).toBe(200);
    expect((await login(pair.url)).status).toBe(200);
  },
);

test('a password of 256 characters beyond the basic plane can be set and used', async ({
  tokenOf,
  change,
  pair,
}) => {
  const token = await tokenOf();
  const next = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(0x1f400 + ((i * 37) % 256))).join(
    '',
  );
  expect((await change(token, password, next)).status).toBe(204);
  password = next;
  expect((await login(pair.otherUrl)).status).toBe(200);
});

test('only one of two concurrent changes with the same old password succeeds', async ({
  tokenOf,
  pair,
  change,
}) => {
  const [one, two] = [await tokenOf(), await tokenOf(pair.otherUrl)];
  const nexts = [nextPassword(), nextPassword()] as const;
  const statuses = (
    await Promise.all([change(one, password, nexts[0]), change(two, password, nexts[1], pair.otherUrl)])
  ).map(({ status }) => status);
  expect(statuses.filter((status) => status === 204)).toHaveLength(1);
  password = statuses[0] === 204 ? nexts[0] : nexts[1];
  const [winner, loser] = statuses[0] === 204 ? [one, two] : [two, one];
  expect((await sessionProblem(pair.url, winner)).status).toBe(200);
  expect(await sessionProblem(pair.url, loser)).toEqual(REVOKED);
  expect((await login(pair.url)).status).toBe(200);
});

test('logins with the old password that are concurrent with its change leave no session behind', async ({
  tokenOf,
  pair,
  change,
}) => {
  const token = await tokenOf();
  const [old, next] = [password, nextPassword()];
  const crossing = Array.from({ length: 4 }, () => login(pair.otherUrl, old));
  const [changed, ...logins] = await Promise.all([change(token, old, next), ...crossing]);
  expect(changed?.status).toBe(204);
  password = next;
  for (const { status, body } of logins)
    if (status === 200) expect(await sessionProblem(pair.url, String(body.access_token))).toEqual(REVOKED);
});
