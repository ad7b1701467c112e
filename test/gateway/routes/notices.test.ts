import { expect } from 'vitest';
import { userKey } from '../../../src/redis/keys.ts';
import { postJson } from '../../support/gateway.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { until } from '../../support/until.ts';
import { idOf, loginAs, passwordOf, send } from './admin-clients.ts';

const LOGIN = 'New login to your account';
const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

const test = mailGatewayTest({ TRUSTED_PROXIES: '127.0.0.1' }).extend(
  'login',
  ({ gateway }) =>
    async (username: string, headers: Record<string, string> = {}): Promise<number> => {
      const body = { username, password: passwordOf(username) };
      return (await postJson(`${gateway.url}/auth/login`, body, headers)).status;
    },
);

const from = (address: string, agent = CHROME): Record<string, string> => ({
  'x-forwarded-for': address,
  'user-agent': agent,
});

test('a login from a new device or network is told by email with device, address and time, once', async ({
  login,
  nextMail,
  mailsTo,
}) => {
  const bob = 'bob@demo.example';
  const first = await nextMail(bob, LOGIN, () => login('bob', from('192.0.2.1')));
  expect(first).toMatch(/Time: 20\d\d-\d\d-\d\d \d\d:\d\d UTC/);
  expect(first).toMatch(/Device: Chrome on Linux\r?\nAddress: 192\.0\.2\.1/);
  expect(await login('bob', from('192.0.2.1'))).toBe(200);
  await nextMail(bob, LOGIN, () => login('bob', from('198.51.100.1')));
  await nextMail(bob, LOGIN, () => login('bob', from('192.0.2.1', 'curl/8.0')));
  expect(mailsTo(bob, LOGIN)).toHaveLength(3);
});

test('a device that presents its token is not new in another network', async ({
  gateway,
  mailsTo,
  login,
}) => {
  const credentials = { username: 'root', password: passwordOf('root') };
  const address = 'root@demo.example';
  const logIn = (body: object, headers: Record<string, string>) =>
    postJson(`${gateway.url}/auth/login`, body, headers);
  const first = await logIn(credentials, from('192.0.2.1'));
  const { device_token } = (await first.json()) as { device_token: string };
  expect((await logIn({ ...credentials, device_token }, from('198.51.100.1'))).status).toBe(200);
  const forged = { ...credentials, device_token: `${device_token.slice(0, -4)}AAAA` };
  expect((await logIn(forged, from('203.0.113.1'))).status).toBe(200);
  expect(await login('root', from('203.0.113.2'))).toBe(200);
  const addresses = (): unknown[] =>
    mailsTo(address, LOGIN).map(({ text }) => /Address: (\S+)/.exec(text)?.[1]);
  await until(() => addresses().length >= 3);
  expect(addresses().sort()).toEqual(['192.0.2.1', '203.0.113.1', '203.0.113.2']);
});

test('addresses of one IPv6 network are one network', async ({ login, nextMail, mailsTo }) => {
  const alice = 'alice@demo.example';
  await nextMail(alice, LOGIN, () => login('alice', from('2001:db8::1')));
  expect(await login('alice', from('2001:db8::2'))).toBe(200);
  await nextMail(alice, LOGIN, () => login('alice', from('2001:db8:0:1::1')));
  expect(mailsTo(alice, LOGIN)).toHaveLength(2);
});

test('a failed login sends nothing', async ({ gateway, login, mailsTo, nextMail }) => {
  const body = { username: 'ada', password: 'wrong' };
  expect((await postJson(`${gateway.url}/auth/login`, body, from('203.0.113.9'))).status).toBe(401);
  await nextMail('ada@demo.example', LOGIN, () => login('ada', from('192.0.2.7')));
  expect(mailsTo('ada@demo.example', LOGIN)).toHaveLength(1);
});

test('a changed password is told by email, without the password', async ({ gateway, nextMail }) => {
  const token = await loginAs(gateway.url, 'sam');
  const body = { current_password: passwordOf('sam'), new_password: 'correct horse battery' };
  const mail = await nextMail('sam@demo.example', 'Your password has changed', () =>
    send(`${gateway.url}/auth/password`, 'POST', { token, body }),
  );
  expect(mail).toContain('all other devices were signed out');
  expect(mail).not.toContain('correct horse');
});

test('a login neither waits for a mail server that hangs nor fails with one that refuses', async ({
  login,
  mail,
}) => {
  const release = mail.holdBack();
  try {
    for (let i = 1; i <= 6; i += 1) expect(await login('root', from(`192.0.2.${i}`))).toBe(200);
    expect(mail.holding).toBeLessThanOrEqual(3);
  } finally {
    release();
  }
  mail.refuse = true;
  try {
    expect(await login('root', from('198.51.100.77'))).toBe(200);
  } finally {
    mail.refuse = false;
  }
});

test('a user without a confirmed address gets no email, and no device is stored', async ({
  gateway,
  login,
  mail,
}) => {
  const id = idOf(gateway, 'ada');
  await gateway.link.run((client) => client.hDel(userKey(id), 'email'));
  const before = mail.received.length;
  const devices = await gateway.link.run((client) => client.zCard(`devices:{${id}}`));
  expect(await login('ada', from('198.51.100.200'))).toBe(200);
  expect(await gateway.link.run((client) => client.zCard(`devices:{${id}}`))).toBe(devices);
  expect(mail.received.slice(before).filter(({ to }) => to[0] === 'ada@demo.example')).toEqual([]);
});
