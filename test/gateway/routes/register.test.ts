import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { startTestGateway } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { send } from './admin-clients.ts';

const PASSWORD = 'correct horse battery';

const test = gatewayTest({ REGISTRATION: 'open', REGISTRATIONS_PER_ADDRESS: '3' })
  .extend(
    'register',
    ({ gateway }) =>
      (body: unknown) =>
        send(`${gateway.url}/auth/register`, 'POST', { body }),
  )
  .extend(
    'login',
    ({ gateway }) =>
      (username: string, password = PASSWORD) =>
        send(`${gateway.url}/auth/login`, 'POST', { body: { username, password } }),
  )
  .extend(
    'userKeys',
    ({ gateway }) =>
      async (): Promise<string[]> =>
        [...(await gateway.redis.dump()).keys()].filter((key) => /^user/.test(key)).sort(),
  );

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

test('registration creates a customer who can log in, and is recorded', async ({
  register,
  login,
  gateway,
}) => {
  const { status, body } = await register({
    username: 'Dora',
    password: PASSWORD,
    email: 'dora@mail.example',
  });
  expect({ status, body }).toEqual({ status: 201, body: { id: expect.any(String), username: 'Dora' } });
  const { body: tokens } = await login('dora');
  const token = String(tokens.access_token);
  expect((await send(`${gateway.url}/auth/session`, 'GET', { token })).body).toMatchObject({
    sub: body.id,
    role: 'user',
    display_name: 'Dora',
  });
  const root = await gateway.login('root');
  const page = await send(`${gateway.url}/admin/audit?action=user_register`, 'GET', { token: root });
  expect(page.body.records).toEqual([
    expect.objectContaining({ actor: body.id, result: 'done', address: '127.0.0.1' }),
  ]);
});

test('a username that is taken in any case or Unicode form is a 409, and its owner is unaffected', async ({
  register,
  login,
}) => {
  expect(await register({ username: 'BOB', password: PASSWORD })).toMatchObject({
    status: 409,
    body: { code: 'username_taken' },
  });
  expect((await login('bob', 'foobared')).status).toBe(200);
});

test('only one of many concurrent registrations of a username succeeds', async ({ register }) => {
  const responses = await Promise.all(
    Array.from({ length: 3 }, () => register({ username: 'wanted', password: PASSWORD })),
  );
  expect(responses.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
});

test('attempts from one address are limited, whether they succeed or not', async ({
  register,
  userKeys,
  gateway,
}) => {
  for (const username of ['bob', 'erin', 'alice']) await register({ username, password: PASSWORD });
  const before = await userKeys();
  const response = await fetch(`${gateway.url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'frank', password: PASSWORD }),
  });
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({ code: 'throttled' });
  expect(await userKeys()).toEqual(before);
});

describe('registration is refused and creates no user', () => {
  test.for([
    ['a role in the request', { username: 'gina', password: PASSWORD, role: 'admin' }, 'role'],
    ['a username of two letters', { username: 'ab', password: PASSWORD }, 'username'],
    ['a username with homoglyphs', { username: 'bоb', password: PASSWORD }, 'username'],
    ['a username with a colon', { username: 'user:1', password: PASSWORD }, 'username'],
    ['a password of 14 characters', { username: 'gina', password: 'zqkvwjxpqyhmft' }, 'password'],
    ['a common password, twice', { username: 'gina', password: 'PASSWORD1PASSWORD1' }, 'password'],
    ['names as password', { username: 'gina.miller', password: 'Gina.Miller 2026' }, 'password'],
    ['no password', { username: 'gina' }, 'password'],
    [
      'two email addresses',
      { username: 'gina', password: PASSWORD, email: 'a@b.example,c@d.example' },
      'email',
    ],
  ])('%s', async ([_what, body, field], { userKeys, register }) => {
    const before = await userKeys();
    expect(await register(body)).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', errors: [expect.objectContaining({ field })] },
    });
    expect(await userKeys()).toEqual(before);
  });
});

test('registration is a 404 unless it is open', async () => {
  const closed = await startTestGateway();
  try {
    const body = { username: 'hanna', password: PASSWORD };
    expect(await send(`${closed.url}/auth/register`, 'POST', { body })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect([...(await closed.redis.dump()).keys()]).not.toContain('username:hanna');
  } finally {
    await closed.close();
  }
});
