import { expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { postJson, problemOf } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { waitsOf } from '../../support/waits.ts';

const PASSWORD = 'foobared';
const FAILURES = ['throttle', 'throttle'];

interface Login {
  username?: string;
  password?: string;
  device_token?: string;
}

interface Tokens {
  refresh_token: string;
  device_token: string;
}

const test = gatewayTest()
  .extend(
    'logIn',
    ({ gateway }) =>
      (login: Login = {}): Promise<Response> =>
        postJson(`${gateway.url}/auth/login`, { username: 'bob', password: PASSWORD, ...login }),
  )
  .extend('tokens', async ({ logIn }): Promise<Tokens> => {
    // The first failure makes Redis load the scripts.
    await logIn({ password: 'wrong' });
    return (await (await logIn()).json()) as Tokens;
  })
  /** What each wait for Redis is for, in alphabetical order. */
  .extend('waits', ({}) => async (act: () => Promise<unknown>): Promise<string[][]> => {
    const waits = await waitsOf(act);
    return waits.map((keys) => keys.map((key) => /\w+/.exec(key)?.[0] ?? key).sort());
  });

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

test('a login waits for Redis four times', async ({ tokens, logIn, waits }) => {
  expect(tokens.device_token).toBeTypeOf('string');
  expect(await waits(async () => expect((await logIn()).status).toBe(200))).toEqual([
    [...FAILURES, 'username'],
    [...FAILURES, 'user'],
    ['authz'],
    ['audit', ...FAILURES],
  ]);
});

test('a login of a known device waits for Redis four times', async ({ tokens, logIn, waits }) => {
  const { device_token } = tokens;
  expect(await waits(async () => expect((await logIn({ device_token })).status).toBe(200))).toEqual([
    ['throttle', 'user', 'username'],
    ['throttle'],
    ['authz'],
    ['audit', 'throttle'],
  ]);
});

test('a login with a wrong password waits for Redis as often as one with an unknown username', async ({
  tokens,
  logIn,
  waits,
}) => {
  expect(tokens.device_token).toBeTypeOf('string');
  const wrong = (login: Login) =>
    waits(async () =>
      expect(await problemOf(await logIn({ password: 'wrong', ...login }))).toEqual({
        status: 401,
        code: 'login_failed',
      }),
    );
  const known = await wrong({});
  expect(known).toEqual([
    [...FAILURES, 'username'],
    [...FAILURES, 'user'],
    ['audit', ...FAILURES],
  ]);
  expect(await wrong({ username: 'nobody-at-all' })).toEqual(known);
});

test('a refresh waits for Redis once', async ({ tokens, gateway, waits }) => {
  const refresh = (token: string) => postJson(`${gateway.url}/auth/refresh`, { refresh_token: token });
  // It makes Redis load the script.
  const { refresh_token } = (await (await refresh(tokens.refresh_token)).json()) as Tokens;
  expect(await waits(async () => expect((await refresh(refresh_token)).status).toBe(200))).toEqual([
    ['authz'],
  ]);
});
