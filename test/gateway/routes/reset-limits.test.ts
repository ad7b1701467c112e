import { expect } from 'vitest';
import { postJson, problemOf } from '../../support/gateway.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { until } from '../../support/until.ts';

const MINUTE_MS = 60_000;
const PASSWORD = 'correct horse battery';

const test = mailGatewayTest({
  TRUSTED_PROXIES: '127.0.0.0/8',
  RESETS_PER_USERNAME: '3',
  RESET_MAILS_PER_USERNAME: '4',
})
  .extend(
    'post',
    ({ gateway }) =>
      (path: string, body: object, address = '192.0.2.1'): Promise<Response> =>
        postJson(gateway.url + path, body, { 'x-forwarded-for': address }),
  )
  .extend(
    'ask',
    ({ post }) =>
      async (username: string, address: string, device_token?: string): Promise<number> => {
        const body = { username, ...(device_token === undefined ? {} : { device_token }) };
        return (await post('/auth/password-reset', body, address)).status;
      },
  )
  /** The reset emails to a user. */
  .extend(
    'resetMailsTo',
    ({ mail }) =>
      (username: string) =>
        mail.received
          .filter(({ to }) => to[0] === `${username}@demo.example`)
          .filter(({ text }) => text.includes('\nSubject: Reset your password\r\n')),
  )
  .extend('deviceToken', ({ post }) => async (username: string, password: string): Promise<string> => {
    const response = await post('/auth/login', { username, password });
    return ((await response.json()) as { device_token: string }).device_token;
  });

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

const tokenIn = (text = ''): string => /#reset=([\w.-]+)/.exec(text)?.[1] ?? 'no token in the mail';

test('requests from one network do not use up those of another for the same username', async ({ ask }) => {
  for (let i = 0; i < 3; i += 1) expect(await ask('somebody', '203.0.113.1')).toBe(202);
  expect(await ask('somebody', '203.0.113.1')).toBe(429);
  expect(await ask('somebody', '192.0.2.1')).toBe(202);
});

test('a token that is younger than a minute stays valid when somebody else requests one, and no second mail is sent', async ({
  ask,
  resetMailsTo,
  post,
  gateway,
}) => {
  const before = resetMailsTo('alice').length;
  await ask('alice', '192.0.2.1');
  await until(() => resetMailsTo('alice').length > before);
  gateway.advanceClock(MINUTE_MS / 2);
  try {
    for (let i = 0; i < 5; i += 1) expect(await ask('alice', `203.0.113.${i}`)).toBe(202);
    const body = { token: tokenIn(resetMailsTo('alice').at(-1)?.text), new_password: PASSWORD };
    expect((await post('/auth/password-reset/confirm', body)).status).toBe(204);
    expect(resetMailsTo('alice')).toHaveLength(before + 1);
  } finally {
    gateway.advanceClock(-MINUTE_MS / 2);
  }
});

test('strangers reach the limit of emails to a user, and a known device of the user still gets one', async ({
  ask,
  resetMailsTo,
  deviceToken,
  gateway,
}) => {
  const token = await deviceToken('sam', 'supervise1');
  let waits = 0;
  const later = (): void => {
    gateway.advanceClock(MINUTE_MS);
    waits += 1;
  };
  const before = resetMailsTo('sam').length;
  try {
    for (let i = 0; i < 4; i += 1, later()) {
      await ask('sam', `203.0.113.${i}`);
      await until(() => resetMailsTo('sam').length === before + 1 + i);
    }
    expect(await ask('sam', '203.0.113.9')).toBe(202);
    later();
    expect(await ask('sam', '203.0.113.9', token)).toBe(202);
    await until(() => resetMailsTo('sam').length > before + 4);
    expect(resetMailsTo('sam')).toHaveLength(before + 5);
  } finally {
    gateway.advanceClock(-waits * MINUTE_MS);
  }
});

test('a device token of another user does not pass the limit of emails', async ({
  ask,
  resetMailsTo,
  deviceToken,
  gateway,
}) => {
  const token = await deviceToken('root', 'superadmin1');
  const before = resetMailsTo('ada').length;
  let waits = 0;
  try {
    for (let i = 0; i < 4; i += 1, waits += 1) {
      await ask('ada', `203.0.113.${i}`);
      await until(() => resetMailsTo('ada').length === before + 1 + i);
      gateway.advanceClock(MINUTE_MS);
    }
    expect(await ask('ada', '203.0.113.9', token)).toBe(202);
    const marker = resetMailsTo('root').length;
    await ask('root', '203.0.113.9', token);
    await until(() => resetMailsTo('root').length > marker);
    expect(resetMailsTo('ada')).toHaveLength(before + 4);
  } finally {
    gateway.advanceClock(-waits * MINUTE_MS);
  }
});

test('a completed reset lets a username that strangers have locked log in at once', async ({
  ask,
  resetMailsTo,
  post,
}) => {
  const before = resetMailsTo('bob').length;
  for (let i = 0; i < 5; i += 1)
    await post('/auth/login', { username: 'bob', password: 'wrong' }, '203.0.113.1');
  const locked = await post('/auth/login', { username: 'bob', password: 'foobared' });
  expect(await problemOf(locked)).toEqual({ status: 429, code: 'login_throttled' });
  await ask('bob', '192.0.2.1');
  await until(() => resetMailsTo('bob').length > before);
  const body = { token: tokenIn(resetMailsTo('bob').at(-1)?.text), new_password: PASSWORD };
  expect((await post('/auth/password-reset/confirm', body)).status).toBe(204);
  expect((await post('/auth/login', { username: 'bob', password: PASSWORD })).status).toBe(200);
});
