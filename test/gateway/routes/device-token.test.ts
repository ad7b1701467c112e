import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { send } from './admin-clients.ts';

const SITE = 'http://127.0.0.1:8080';
const THROTTLED = { status: 429, code: 'login_throttled' };
const WRONG = { status: 401, code: 'login_failed' };

const PASSWORDS: Record<string, string> = { bob: 'foobared', ada: 'administer1', sam: 'supervise1' };

const test = gatewayTest({ TRUSTED_PROXIES: '127.0.0.0/8', LOGIN_FAILURES_PER_DEVICE: '3' })
  .extend(
    'logIn',
    ({ gateway }) =>
      (
        username: string,
        { password = PASSWORDS[username], address = '192.0.2.1', headers = {}, ...more }: LoginOptions = {},
      ): Promise<Response> =>
        postJson(
          `${gateway.url}/auth/login`,
          { username, password, ...more },
          { 'x-forwarded-for': address, ...headers },
        ),
  )
  .extend('tokenOf', ({ logIn }) => async (username: string): Promise<string> => {
    const body = (await (await logIn(username)).json()) as { device_token: string };
    return body.device_token;
  })
  /** Strangers fail often enough to lock the username and the address that the user's device has, too. */
  .extend('attack', ({ logIn }) => async (username: string): Promise<void> => {
    for (let i = 0; i < 20; i += 1)
      await logIn(username, { password: 'wrong', address: `198.51.100.${i % 2}` });
    for (let i = 0; i < 20; i += 1) await logIn(`ghost-${i}`, { password: 'wrong' });
    expect(await problemOf(await logIn(username))).toEqual(THROTTLED);
  })
  .extend('commandsOf', ({ gateway }) => async (act: () => Promise<unknown>): Promise<string> => {
    // Some are sent together, in any order.
    return (await gateway.redis.commandsDuring(act)).sort().join(' ');
  });

interface LoginOptions {
  password?: string | undefined;
  address?: string;
  headers?: Record<string, string>;
  device_token?: string;
  transport?: string;
}

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

describe('strangers with wrong passwords do not lock out a known device', () => {
  test.for([['bob'], ['sam'], ['ada']])(
    'of %s, by its token',
    async ([username = ''], { tokenOf, attack, logIn }) => {
      const token = await tokenOf(username);
      await attack(username);
      expect((await logIn(username, { device_token: token })).status).toBe(200);
    },
  );

  test('of a browser, by a cookie that outlives the logout', async ({ logIn, attack, gateway }) => {
    const asPage = { transport: 'cookie', headers: { origin: SITE } };
    const cookies = (await logIn('bob', asPage)).headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '');
    const out = await fetch(`${gateway.url}/auth/logout`, {
      method: 'POST',
      headers: { cookie: cookies[0] ?? '', origin: SITE },
    });
    expect(out.headers.getSetCookie().join()).not.toContain('portcullis-device');
    await attack('bob');
    const cookie = cookies.find((one) => one.startsWith('portcullis-device=')) ?? '';
    expect((await logIn('bob', { ...asPage, headers: { origin: SITE, cookie } })).status).toBe(200);
  });
});

describe('a device token does not help', () => {
  test('to log in as another user, or without the password', async ({ tokenOf, attack, logIn }) => {
    const token = await tokenOf('bob');
    expect(await problemOf(await logIn('bob', { password: 'wrong', device_token: token }))).toEqual(WRONG);
    await attack('ada');
    expect(await problemOf(await logIn('ada', { device_token: token }))).toEqual(THROTTLED);
  });

  test('as a credential of a request', async ({ tokenOf, gateway }) => {
    const token = await tokenOf('bob');
    const asBearer = await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) });
    expect(await problemOf(asBearer)).toEqual({ status: 401, code: 'token_invalid' });
    const refresh = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: token });
    expect(await problemOf(refresh)).toEqual({ status: 401, code: 'refresh_token_invalid' });
  });

  test('after its own failures, until their window ends', async ({ tokenOf, attack, logIn, gateway }) => {
    const token = await tokenOf('bob');
    await attack('bob');
    const withToken = (password: string) => logIn('bob', { password, device_token: token });
    for (let i = 0; i < 3; i += 1) expect(await problemOf(await withToken('wrong'))).toEqual(WRONG);
    expect(await problemOf(await withToken('foobared'))).toEqual(THROTTLED);
    gateway.advanceClock(900_000);
    try {
      expect((await withToken('foobared')).status).toBe(200);
    } finally {
      gateway.advanceClock(-900_000);
    }
  });

  test('once it has expired', async ({ tokenOf, attack, logIn, gateway }) => {
    const token = await tokenOf('bob');
    gateway.advanceClock(gateway.settings.deviceTokenTtlSeconds * 1000);
    try {
      await attack('bob');
      expect(await problemOf(await logIn('bob', { device_token: token }))).toEqual(THROTTLED);
    } finally {
      gateway.advanceClock(-gateway.settings.deviceTokenTtlSeconds * 1000);
    }
  });

  test('after the password was changed', async ({ logIn, attack, gateway }) => {
    const tokens = (await (await logIn('sam')).json()) as { access_token: string; device_token: string };
    const changed = 'correct horse battery';
    const body = { current_password: 'supervise1', new_password: changed };
    const token = tokens.access_token;
    expect((await send(`${gateway.url}/auth/password`, 'POST', { token, body })).status).toBe(204);
    PASSWORDS.sam = changed;
    await attack('sam');
    expect(await problemOf(await logIn('sam', { device_token: tokens.device_token }))).toEqual(THROTTLED);
  });
});

test('failures of a known device do not lock out others', async ({ tokenOf, logIn }) => {
  const token = await tokenOf('bob');
  for (let i = 0; i < 3; i += 1) await logIn('bob', { password: 'wrong', device_token: token });
  for (let i = 0; i < 4; i += 1) await logIn('bob', { password: 'wrong' });
  expect((await logIn('bob')).status).toBe(200);
});

test('a successful login resets the failures of its device and replaces its token, which stays valid', async ({
  tokenOf,
  attack,
  logIn,
}) => {
  const first = await tokenOf('bob');
  await attack('bob');
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 2; i += 1) await logIn('bob', { password: 'wrong', device_token: first });
    const response = await logIn('bob', { device_token: first });
    expect(response.status).toBe(200);
    const { device_token: next } = (await response.json()) as { device_token: string };
    expect(next.split('.')[2]).toBe(first.split('.')[2]);
  }
});

describe('device tokens do not reveal which usernames exist', () => {
  test('a token of another user, or a forged one, takes the same Redis commands for a known and an unknown username, and gets the same response', async ({
    tokenOf,
    logIn,
    commandsOf,
  }) => {
    const token = await tokenOf('bob');
    const forged = `${token.slice(0, -2)}${token.endsWith('AA') ? 'EE' : 'AA'}`;
    // The first failure makes Redis load the scripts.
    await logIn('sam', { password: 'wrong' });
    for (const device_token of [token, forged]) {
      const commands: string[] = [];
      for (const username of ['ada', 'no-such-user']) {
        const options = { password: 'wrong', device_token };
        const act = async () => expect(await problemOf(await logIn(username, options))).toEqual(WRONG);
        commands.push(await commandsOf(act));
      }
      expect(commands[0]).toBe(commands[1]);
    }
  });

  test('a locked username takes the same Redis commands whether it exists or not', async ({
    logIn,
    commandsOf,
  }) => {
    const commands: string[] = [];
    for (const [index, username] of ['ada', 'no-such-user'].entries()) {
      const from = { password: 'wrong', address: `192.0.2.${index}` };
      for (let i = 0; i < 5; i += 1) await logIn(username, from);
      commands.push(
        await commandsOf(async () => expect(await problemOf(await logIn(username, from))).toEqual(THROTTLED)),
      );
    }
    expect(commands[0]).toBe(commands[1]);
  });
});

test('Redis holds no part of a device token that could be replayed', async ({ tokenOf, logIn, gateway }) => {
  const token = await tokenOf('bob');
  await logIn('bob', { password: 'wrong', device_token: token });
  const dump = JSON.stringify([...(await gateway.redis.dump())]);
  expect(dump).not.toContain(token.split('.').at(-1));
  expect(dump).not.toContain(token.split('.')[2]);
});
