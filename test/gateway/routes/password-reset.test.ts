import { describe, expect } from 'vitest';
import { encodePart } from '../../../src/jwt/canonical.ts';
import { resetKey, userKey } from '../../../src/redis/keys.ts';
import { loginAs } from '../../support/gateway.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { until } from '../../support/until.ts';
import { idOf, send, sessionProblem } from './admin-clients.ts';

const PASSWORD = 'correct horse battery';
const INVALID = { status: 400, body: { code: 'reset_token_invalid' } };

const test = mailGatewayTest({
  MAIL_FROM: 'The Bank <bank@bank.example>',
  RESET_URL: 'https://bank.example/#reset={token}',
  RESETS_PER_ADDRESS: '20',
  LOGIN_FAILURES_PER_ADDRESS: '1000',
})
  .extend(
    'ask',
    ({ gateway }) =>
      (username: string) =>
        send(`${gateway.url}/auth/password-reset`, 'POST', { body: { username } }),
  )
  .extend(
    'confirm',
    ({ gateway }) =>
      (token: string, password = PASSWORD) =>
        send(`${gateway.url}/auth/password-reset/confirm`, 'POST', {
          body: { token, new_password: password },
        }),
  )
  .extend(
    'login',
    ({ gateway }) =>
      (username: string, password: string) =>
        send(`${gateway.url}/auth/login`, 'POST', { body: { username, password } }),
  )
  .extend('whole', ({ gateway }) => async (username: string) => {
    const response = await fetch(`${gateway.url}/auth/password-reset`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username }),
    });
    const { date, ...headers } = Object.fromEntries(response.headers);
    return { status: response.status, headers, body: await response.text() };
  })
  .extend('reset', ({ gateway }) => async (username: string) => {
    const token = await loginAs(gateway.url, 'ada');
    return send(`${gateway.url}/admin/users/${idOf(gateway, username)}/password-reset`, 'POST', { token });
  })
  /** The emails with reset links. Others tell of logins and of changed passwords. */
  .extend(
    'resets',
    ({ mail }) =>
      () =>
        mail.received.filter(({ text }) => text.includes('\nSubject: Reset your password\r\n')),
  )
  .extend('resetMailsTo', ({ resets }) => (username: string) => {
    const address = `${username.toLowerCase()}@demo.example`;
    return resets().filter(({ to }) => to[0] === address);
  })
  /**
   * Requests a reset and returns the token from the email. A test that requests resets in another way must wait for
   * their emails, since the next test would take one of them for its own.
   */
  .extend('mailedToken', ({ resetMailsTo, ask }) => async (username: string): Promise<string> => {
    const before = resetMailsTo(username).length;
    expect((await ask(username)).status).toBe(202);
    await until(() => resetMailsTo(username).length > before);
    return tokenIn(resetMailsTo(username)[before]?.text ?? '');
  });

/** Without the reset tokens of the test before, which are too recent to be replaced. */
test.beforeEach(async ({ gateway }) => {
  await resetRateLimits(gateway.link);
  for (const { id } of gateway.users)
    await gateway.link.run((client) => client.hDel(userKey(id), 'resetJti'));
});
const tokenIn = (text: string): string =>
  /https:\/\/bank\.example\/#reset=([\w.-]+)/.exec(text)?.[1] ?? 'no token in the mail';

test('an emailed token sets a new password once and ends all sessions, and both are recorded', async ({
  gateway,
  mailedToken,
  resets,
  confirm,
  login,
}) => {
  const sessions = [await loginAs(gateway.url, 'bob'), await loginAs(gateway.url, 'bob')];
  const token = await mailedToken('Bob');
  expect(resets().at(-1)).toMatchObject({ from: 'bank@bank.example', to: ['bob@demo.example'] });
  expect(await confirm(token)).toEqual({ status: 204, body: {} });
  for (const session of sessions)
    expect(await sessionProblem(gateway.url, session)).toEqual({ status: 401, code: 'token_revoked' });
  expect((await login('bob', 'foobared')).status).toBe(401);
  expect((await login('bob', PASSWORD)).status).toBe(200);
  expect(await confirm(token, 'another battery staple')).toMatchObject(INVALID);
  expect((await login('bob', PASSWORD)).status).toBe(200);

  const ada = await loginAs(gateway.url, 'ada');
  const records = async (action: string): Promise<unknown> =>
    (await send(`${gateway.url}/admin/audit?action=${action}&limit=1`, 'GET', { token: ada })).body.records;
  const about = { subject: idOf(gateway, 'bob'), result: 'done', address: '127.0.0.1' };
  expect(await records('password_reset_ask')).toEqual([expect.objectContaining(about)]);
  expect(await records('password_reset')).toEqual([expect.objectContaining(about)]);
});

test('only one of ten concurrent uses of a token succeeds', async ({ mailedToken, confirm, login }) => {
  const token = await mailedToken('bob');
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, i) => confirm(token, `${PASSWORD} ${i}`)),
  );
  const won = responses.findIndex(({ status }) => status === 204);
  expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
  expect((await login('bob', `${PASSWORD} ${won}`)).status).toBe(200);
});

describe('the response does not reveal whether a user exists', () => {
  test('it is the same for a user, for an unknown user, and for a user without an email address', async ({
    gateway,
    whole,
    resetMailsTo,
  }) => {
    const before = resetMailsTo('alice').length;
    await gateway.link.run((client) => client.hDel(userKey(idOf(gateway, 'sam')), 'email'));
    const responses = await Promise.all(['alice', 'nobody-at-all', 'sam'].map(whole));
    expect(responses[0]).toMatchObject({ status: 202, body: '' });
    expect(responses[1]).toEqual(responses[0]);
    expect(responses[2]).toEqual(responses[0]);
    await until(() => resetMailsTo('alice').length > before);
  });

  test('it does not wait for the mail server', async ({ mail, resets, ask }) => {
    const before = resets().length;
    const release = mail.holdBack();
    try {
      const startedMs = performance.now();
      expect((await ask('alice')).status).toBe(202);
      expect(performance.now() - startedMs).toBeLessThan(1000);
      await until(() => mail.holding > 0);
      expect(resets()).toHaveLength(before);
    } finally {
      release();
    }
    await until(() => resets().length > before);
  });

  test('known and unknown usernames are limited alike, by username and by address', async ({
    ask,
    resetMailsTo,
  }) => {
    const before = resetMailsTo('alice').length;
    for (const username of ['alice', 'no-such-user']) {
      for (let i = 0; i < 3; i += 1) expect((await ask(username)).status).toBe(202);
      expect(await ask(username.toUpperCase())).toMatchObject({ status: 429, body: { code: 'throttled' } });
    }
    for (let i = 0; i < 14; i += 1) await ask(`spray-${i}`);
    expect((await ask('bob')).status).toBe(429);
    await until(() => resetMailsTo('alice').length === before + 1);
  });
});

describe('a token is not valid', () => {
  test('after another one was requested a minute later, which is valid', async ({
    mailedToken,
    confirm,
    gateway,
  }) => {
    const first = await mailedToken('alice');
    gateway.advanceClock(60_000);
    try {
      const second = await mailedToken('alice');
      expect(await confirm(first)).toMatchObject(INVALID);
      expect((await confirm(second)).status).toBe(204);
    } finally {
      gateway.advanceClock(-60_000);
    }
  });

  test('after the password was changed in another way', async ({ mailedToken, login, gateway, confirm }) => {
    const token = await mailedToken('alice');
    const { body } = await login('alice', PASSWORD);
    const change = { current_password: PASSWORD, new_password: 'another battery staple' };
    const session = String(body.access_token);
    expect(
      (await send(`${gateway.url}/auth/password`, 'POST', { token: session, body: change })).status,
    ).toBe(204);
    expect(await confirm(token)).toMatchObject(INVALID);
    expect((await login('alice', 'another battery staple')).status).toBe(200);
  });

  test('after the user was blocked, even when unblocked again', async ({ mailedToken, gateway, confirm }) => {
    const [token, ada] = [await mailedToken('alice'), await loginAs(gateway.url, 'ada')];
    const url = `${gateway.url}/admin/users/${idOf(gateway, 'alice')}`;
    await send(`${url}/block`, 'POST', { token: ada });
    expect(await confirm(token)).toMatchObject(INVALID);
    await send(`${url}/unblock`, 'POST', { token: ada });
    expect(await confirm(token)).toMatchObject(INVALID);
  });

  test("from an address outside the user's ranges", async ({ mailedToken, gateway, confirm }) => {
    const [token, ada] = [await mailedToken('alice'), await loginAs(gateway.url, 'ada')];
    const url = `${gateway.url}/admin/users/${idOf(gateway, 'alice')}/ranges`;
    await send(url, 'PUT', { token: ada, body: { ranges: ['192.0.2.0/24'] } });
    expect(await confirm(token)).toMatchObject(INVALID);
    await send(url, 'PUT', { token: ada, body: { ranges: [] } });
    expect((await confirm(token)).status).toBe(204);
  });

  test('after ten minutes, by its own expiry and by Redis', async ({ mailedToken, gateway, confirm }) => {
    const token = await mailedToken('alice');
    const [, payload = ''] = token.split('.');
    const { jti, sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, string>;
    const key = resetKey(sub ?? '', jti ?? '');
    const ttl = await gateway.link.run((client) => client.ttl(key));
    expect(ttl).toBeGreaterThan(590);
    expect(ttl).toBeLessThanOrEqual(600);
    gateway.advanceClock(600_000);
    expect(await confirm(token)).toMatchObject(INVALID);
    gateway.advanceClock(-600_000);
    await gateway.link.run((client) => client.del(key));
    expect(await confirm(token)).toMatchObject(INVALID);
  });

  test('if it is an access token, and a reset token authenticates no request', async ({
    confirm,
    gateway,
    mailedToken,
  }) => {
    expect(await confirm(await loginAs(gateway.url, 'ada'))).toMatchObject(INVALID);
    const token = await mailedToken('alice');
    expect(await sessionProblem(gateway.url, token)).toEqual({ status: 401, code: 'token_invalid' });
  });

  test.for<[what: string, forge: (token: string) => string]>([
    ['random text', () => 'rubbish'],
    ['with another payload', (token: string) => withPayload(token, { sub: 'x'.repeat(22) })],
    ['without its signature', (token: string) => token.replace(/[^.]+$/, '')],
    ['with alg none', (token: string) => `${encodePart({ alg: 'none' })}.${token.split('.')[1]}.`],
  ])('%s', async ([_what, forge], { mailedToken, confirm }) => {
    const token = await mailedToken('alice');
    expect(await confirm(forge(token))).toMatchObject(INVALID);
    expect((await confirm(token)).status).toBe(204);
  });

  const withPayload = (token: string, other: Record<string, string>): string => {
    const [header, payload = '', signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    return [header, encodePart({ ...claims, ...other }), signature].join('.');
  };
});

test('an unacceptable new password is a 400, and the token can be used again', async ({
  mailedToken,
  confirm,
}) => {
  const token = await mailedToken('alice');
  expect(await confirm(token, 'password123password123')).toMatchObject({
    status: 400,
    body: { code: 'body_invalid', errors: [expect.objectContaining({ field: 'new_password' })] },
  });
  expect((await confirm(token)).status).toBe(204);
});

describe('by staff', () => {
  test('all sessions end, the old password stops working, and the email explains why', async ({
    login,
    resets,
    reset,
    gateway,
    confirm,
  }) => {
    const session = String((await login('alice', PASSWORD)).body.access_token);
    const before = resets().length;
    expect(await reset('alice')).toEqual({ status: 200, body: { delivery: 'mail' } });
    expect(await sessionProblem(gateway.url, session)).toEqual({ status: 401, code: 'token_revoked' });
    expect((await login('alice', PASSWORD)).status).toBe(401);
    expect(resets()).toHaveLength(before + 1);
    expect(resets().at(-1)?.text).toContain('Your current password no longer works');
    expect((await confirm(tokenIn(resets().at(-1)?.text ?? ''))).status).toBe(204);
    expect((await login('alice', PASSWORD)).status).toBe(200);
  });

  test('for a user without an email address the token is in the response, once, and nowhere else', async ({
    resets,
    reset,
    gateway,
    confirm,
  }) => {
    const before = resets().length;
    const { body } = await reset('sam');
    expect(body).toEqual({ delivery: 'answer', reset_token: expect.any(String), expires_in: 600 });
    expect(resets()).toHaveLength(before);
    expect(JSON.stringify([...(await gateway.redis.dump())])).not.toContain(String(body.reset_token));
    expect((await confirm(String(body.reset_token))).status).toBe(204);
  });

  test('if the mail server rejects the email, staff get an error, and the sessions have ended nevertheless', async ({
    login,
    mail,
    reset,
    gateway,
  }) => {
    const session = String((await login('alice', PASSWORD)).body.access_token);
    mail.refuse = true;
    try {
      expect(await reset('alice')).toMatchObject({ status: 503, body: { code: 'mail_unavailable' } });
    } finally {
      mail.refuse = false;
    }
    expect(await sessionProblem(gateway.url, session)).toEqual({ status: 401, code: 'token_revoked' });
    expect((await reset('alice')).body).toEqual({ delivery: 'mail' });
  });
});
