import { describe, expect } from 'vitest';
import { userKey } from '../../../src/redis/keys.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { idOf, loginAs, passwordOf, send, sessionProblem } from './admin-clients.ts';

const CONFIRM = 'Confirm your email address';
const INVALID = { status: 400, body: { code: 'email_token_invalid' } };
const PASSWORD = 'correct horse battery';

const test = mailGatewayTest({
  EMAIL_URL: 'https://bank.example/#email={token}',
  REGISTRATION: 'open',
  EMAIL_CHANGES_PER_USER: '3',
})
  .extend(
    'change',
    ({ gateway }) =>
      async (username: string, email: string, password = passwordOf(username)) =>
        send(`${gateway.url}/auth/email`, 'PUT', {
          token: await loginAs(gateway.url, username),
          body: { email, current_password: password },
        }),
  )
  .extend('addresses', ({ gateway }) => async (username: string) => {
    const token = await loginAs(gateway.url, username);
    return (await send(`${gateway.url}/auth/email`, 'GET', { token })).body;
  })
  .extend(
    'confirm',
    ({ gateway }) =>
      (token: string) =>
        send(`${gateway.url}/auth/email/confirm`, 'POST', { body: { token } }),
  )
  .extend(
    'ask',
    ({ gateway }) =>
      (username: string) =>
        send(`${gateway.url}/auth/password-reset`, 'POST', { body: { username } }),
  );

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

const tokenIn = (text: string): string => /#email=([\w.-]+)/.exec(text)?.[1] ?? 'no token in the mail';

test('a new address is used only once it is confirmed, by a token that works once', async ({
  change,
  confirm,
  addresses,
  nextMail,
}) => {
  const mail = await nextMail('bobby@new.example', CONFIRM, async () => {
    expect(await change('bob', 'bobby@new.example')).toEqual({ status: 202, body: {} });
  });
  expect(await addresses('bob')).toEqual({
    email: 'bob@demo.example',
    unconfirmed_email: 'bobby@new.example',
    can_change: true,
  });
  expect(await confirm(tokenIn(mail))).toEqual({ status: 204, body: {} });
  expect(await addresses('bob')).toEqual({
    email: 'bobby@new.example',
    unconfirmed_email: null,
    can_change: true,
  });
  expect(await confirm(tokenIn(mail))).toMatchObject(INVALID);
});

test('the present address is told about the request, and again when it has been replaced', async ({
  change,
  confirm,
  mailsTo,
  nextMail,
}) => {
  const requested = 'Your email address is about to change';
  let token = '';
  const notice = await nextMail('alice@demo.example', requested, async () => {
    const cause = () => change('alice', 'liddell@new.example');
    token = tokenIn(await nextMail('liddell@new.example', CONFIRM, cause));
  });
  expect(notice).toContain('Address: 127.0.0.1');
  expect(notice).not.toContain('liddell@new.example');
  const changed = await nextMail('alice@demo.example', 'Your email address has changed', () =>
    confirm(token),
  );
  expect(changed).toContain('contact us');
  expect(mailsTo('liddell@new.example', 'Your email address has changed')).toEqual([]);
});

test('a wrong password changes nothing and sends nothing', async ({ change, addresses, mail }) => {
  await addresses('sam');
  const before = mail.received.filter(({ to }) => to[0] === 'thief@evil.example').length;
  expect(await change('sam', 'thief@evil.example', 'not the password')).toMatchObject({
    status: 403,
    body: { code: 'password_wrong' },
  });
  expect(await addresses('sam')).toEqual({
    email: 'sam@demo.example',
    unconfirmed_email: null,
    can_change: true,
  });
  expect(mail.received.filter(({ to }) => to[0] === 'thief@evil.example')).toHaveLength(before);
});

test('requests of one user are limited, so that nobody can flood an address', async ({ change }) => {
  for (let i = 0; i < 3; i += 1) expect((await change('sam', `sam${i}@new.example`)).status).toBe(202);
  expect(await change('sam', 'sam4@new.example')).toMatchObject({ status: 429, body: { code: 'throttled' } });
});

describe('a confirmation token is not valid', () => {
  test('after another address was given', async ({ change, confirm, nextMail, addresses }) => {
    const [first, second] = [
      tokenIn(await nextMail('one@new.example', CONFIRM, () => change('ada', 'one@new.example'))),
      tokenIn(await nextMail('two@new.example', CONFIRM, () => change('ada', 'two@new.example'))),
    ];
    expect(await confirm(first)).toMatchObject(INVALID);
    expect((await confirm(second)).status).toBe(204);
    expect(await addresses('ada')).toEqual({
      email: 'two@new.example',
      unconfirmed_email: null,
      can_change: true,
    });
  });

  test('after a day', async ({ change, confirm, nextMail, gateway }) => {
    const mail = await nextMail('late@new.example', CONFIRM, () => change('sam', 'late@new.example'));
    gateway.advanceClock(86_400_000);
    expect(await confirm(tokenIn(mail))).toMatchObject(INVALID);
    gateway.advanceClock(-86_400_000);
    expect((await confirm(tokenIn(mail))).status).toBe(204);
  });

  test('for another user, or with another secret, or as an access token', async ({
    change,
    confirm,
    nextMail,
    gateway,
  }) => {
    const mail = await nextMail('mine@new.example', CONFIRM, () => change('sam', 'mine@new.example'));
    const token = tokenIn(mail);
    const [, secret = ''] = token.split('.');
    for (const forged of [
      `${idOf(gateway, 'ada')}.${secret}`,
      `${token.slice(0, -4)}AAAA`,
      `${token}A`,
      secret,
    ])
      expect(await confirm(forged)).toMatchObject(INVALID);
    expect(await sessionProblem(gateway.url, token)).toMatchObject({ status: 401 });
    expect(JSON.stringify([...(await gateway.redis.dump())])).not.toContain(secret);
    expect((await confirm(token)).status).toBe(204);
  });
});

test('of ten concurrent uses of a token one succeeds', async ({ change, confirm, nextMail }) => {
  const mail = await nextMail('race@new.example', CONFIRM, () => change('root', 'race@new.example'));
  const responses = await Promise.all(Array.from({ length: 10 }, () => confirm(tokenIn(mail))));
  expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
});

test('an address given at registration gets a confirmation, and no reset link before', async ({
  gateway,
  confirm,
  nextMail,
  mailsTo,
  ask,
}) => {
  const body = { username: 'dora', password: PASSWORD, email: 'dora@mail.example' };
  const token = tokenIn(
    await nextMail('dora@mail.example', CONFIRM, () =>
      send(`${gateway.url}/auth/register`, 'POST', { body }),
    ),
  );
  const root = await loginAs(gateway.url, 'root');
  const refused = async (): Promise<unknown> =>
    (await send(`${gateway.url}/admin/audit?action=password_reset_ask`, 'GET', { token: root })).body.records;
  expect((await ask('dora')).status).toBe(202);
  await expect.poll(refused).toEqual([expect.objectContaining({ result: 'refused', detail: 'no address' })]);
  expect(mailsTo('dora@mail.example', 'Reset your password')).toEqual([]);
  expect((await confirm(token)).status).toBe(204);
  await nextMail('dora@mail.example', 'Reset your password', () => ask('dora'));
});

test('a reset link sent to the previous address is void once another address is confirmed', async ({
  gateway,
  change,
  confirm,
  nextMail,
  ask,
}) => {
  const { email = '' } = await gateway.link.run((client) => client.hGetAll(userKey(idOf(gateway, 'alice'))));
  const reset = await nextMail(email, 'Reset your password', () => ask('alice'));
  const mail = await nextMail('safe@new.example', CONFIRM, () => change('alice', 'safe@new.example'));
  expect((await confirm(tokenIn(mail))).status).toBe(204);
  const body = { token: /#reset=([\w.-]+)/.exec(reset)?.[1], new_password: PASSWORD };
  expect(await send(`${gateway.url}/auth/password-reset/confirm`, 'POST', { body })).toMatchObject({
    status: 400,
    body: { code: 'reset_token_invalid' },
  });
});

test('requests and confirmations are recorded without the address', async ({
  gateway,
  change,
  confirm,
  nextMail,
}) => {
  const mail = await nextMail('noted@new.example', CONFIRM, () => change('root', 'noted@new.example'));
  await confirm(tokenIn(mail));
  const root = await loginAs(gateway.url, 'root');
  const about = { actor: idOf(gateway, 'root'), subject: idOf(gateway, 'root'), result: 'done' };
  for (const action of ['email_change_ask', 'email_change']) {
    const path = `/admin/audit?action=${action}&limit=1`;
    const { body } = await send(gateway.url + path, 'GET', { token: root });
    expect(body.records).toEqual([expect.objectContaining(about)]);
    expect(JSON.stringify(body)).not.toContain('noted@new.example');
  }
});

test('a change of the password withdraws an address that somebody else has asked for with a session of the user', async ({
  gateway,
  confirm,
  nextMail,
}) => {
  const [thief, owner] = [await loginAs(gateway.url, 'sam'), await loginAs(gateway.url, 'sam')];
  const mail = await nextMail('thief@evil.example', CONFIRM, () =>
    send(`${gateway.url}/auth/email`, 'PUT', {
      token: thief,
      body: { email: 'thief@evil.example', current_password: passwordOf('sam') },
    }),
  );
  const body = { current_password: passwordOf('sam'), new_password: 'umbrella zebra quartz lantern moss' };
  expect((await send(`${gateway.url}/auth/password`, 'POST', { token: owner, body })).status).toBe(204);
  expect(await confirm(tokenIn(mail))).toMatchObject(INVALID);
  const { body: present } = await send(`${gateway.url}/auth/email`, 'GET', { token: owner });
  expect(present).toMatchObject({ unconfirmed_email: null });
});
