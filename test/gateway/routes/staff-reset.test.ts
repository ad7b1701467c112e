import { expect } from 'vitest';
import { userKey } from '../../../src/redis/keys.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { startAnotherGateway } from '../../support/sessions.ts';
import { idOf, loginAs, send, sessionProblem } from './admin-clients.ts';

const PASSWORD = 'correct horse battery';
const REFUSED = { status: 409, body: { code: 'reset_undeliverable' } };

/** The gateway runs in production: the issuer is not checked again when the settings are replaced. */
const test = mailGatewayTest({}, { settings: { nodeEnv: 'production' } })
  .extend('reset', ({ gateway }) => async (username: string, url = gateway.url) => {
    const token = await loginAs(url, 'ada');
    return send(`${url}/admin/users/${idOf(gateway, username)}/password-reset`, 'POST', { token });
  })
  .extend('records', ({ gateway }) => async (action: string, username: string) => {
    const token = await loginAs(gateway.url, 'root');
    const path = `/admin/audit?action=${action}&user=${idOf(gateway, username)}&limit=1`;
    return (await send(gateway.url + path, 'GET', { token })).body.records;
  });

test('in production a reset that cannot be sent is refused, and neither password nor session ends', async ({
  gateway,
  reset,
}) => {
  await gateway.link.run((client) => client.hDel(userKey(idOf(gateway, 'bob')), 'email'));
  const session = await loginAs(gateway.url, 'bob');
  expect(await reset('bob')).toMatchObject(REFUSED);
  expect(await sessionProblem(gateway.url, session)).toMatchObject({ status: 200 });
  expect(await loginAs(gateway.url, 'bob')).toBeTruthy();
});

test('in production without a mail server every reset by staff is refused', async ({ gateway, reset }) => {
  const other = await startAnotherGateway(gateway, { settings: { smtpUrl: undefined } });
  try {
    const session = await loginAs(gateway.url, 'alice');
    expect(await reset('alice', other.url)).toMatchObject(REFUSED);
    expect(await sessionProblem(gateway.url, session)).toMatchObject({ status: 200 });
  } finally {
    await other.close();
  }
});

test('after a reset by staff the records say so until the user changes the password', async ({
  gateway,
  reset,
  nextMail,
  records,
}) => {
  const mail = await nextMail('alice@demo.example', 'Reset your password', async () => {
    expect(await reset('alice')).toEqual({ status: 200, body: { delivery: 'mail' } });
  });
  const token = /#reset=([\w.-]+)/.exec(mail)?.[1];
  const confirmed = { body: { token, new_password: PASSWORD } };
  expect((await send(`${gateway.url}/auth/password-reset/confirm`, 'POST', confirmed)).status).toBe(204);
  const login = async (password: string): Promise<string> => {
    const body = { username: 'alice', password };
    return String((await send(`${gateway.url}/auth/login`, 'POST', { body })).body.access_token);
  };
  const session = await login(PASSWORD);
  const via = `via: staff reset by ${idOf(gateway, 'ada')}`;
  for (const action of ['password_reset', 'login'])
    expect(await records(action, 'alice'), action).toEqual([expect.objectContaining({ detail: via })]);
  const body = { current_password: PASSWORD, new_password: 'another battery staple' };
  expect((await send(`${gateway.url}/auth/password`, 'POST', { token: session, body })).status).toBe(204);
  await login('another battery staple');
  expect(await records('login', 'alice')).toEqual([expect.not.objectContaining({ detail: via })]);
});

test('a reset that the user requested is not recorded as caused by staff', async ({
  gateway,
  nextMail,
  records,
}) => {
  const mail = await nextMail('sam@demo.example', 'Reset your password', () =>
    send(`${gateway.url}/auth/password-reset`, 'POST', { body: { username: 'sam' } }),
  );
  const body = { token: /#reset=([\w.-]+)/.exec(mail)?.[1], new_password: PASSWORD };
  expect((await send(`${gateway.url}/auth/password-reset/confirm`, 'POST', { body })).status).toBe(204);
  expect(JSON.stringify(await records('password_reset', 'sam'))).not.toContain('via');
});

test('logins with an initial password that staff chose say so', async ({ gateway }) => {
  const token = await loginAs(gateway.url, 'ada');
  const user = { username: 'erin', password: PASSWORD };
  const { body } = await send(`${gateway.url}/admin/users`, 'POST', { token, body: user });
  expect((await send(`${gateway.url}/auth/login`, 'POST', { body: user })).status).toBe(200);
  const path = `/admin/audit?action=login&user=${String(body.id)}&limit=1`;
  const page = await send(gateway.url + path, 'GET', { token });
  const detail = `via: initial password by ${idOf(gateway, 'ada')}`;
  expect(page.body.records).toEqual([expect.objectContaining({ detail })]);
});
