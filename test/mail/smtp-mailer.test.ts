import { afterEach, expect, test } from 'vitest';
import { faultFields } from '../../src/log.ts';
import { logMailer } from '../../src/mail/log-mailer.ts';
import { MailUnavailable } from '../../src/mail/mailer.ts';
import { smtpMailer } from '../../src/mail/smtp-mailer.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';

const FROM = 'The Bank <bank@bank.example>';
const mail = { to: 'bob@mail.example', subject: 'Grüße', text: `a line\n${'x'.repeat(2000)}\n.\nthe end\n` };

let server: MailServer;
afterEach(() => server.close());

test('a mail arrives whole, with the sender of the settings, for one recipient', async () => {
  server = await startMailServer();
  const mailer = smtpMailer({ url: server.url, from: FROM });
  await mailer.send(mail);
  mailer.close();
  const [received] = server.received;
  expect(received).toMatchObject({ from: 'bank@bank.example', to: ['bob@mail.example'] });
  expect(received?.text).toContain('The Bank <bank@bank.example>');
  expect(received?.text).toContain('x'.repeat(2000));
  expect(received?.text).toMatch(/\n\.\r?\nthe end/);
});

test('an address that is a list, or that has a header in it, makes no second recipient and no header', async () => {
  server = await startMailServer();
  const mailer = smtpMailer({ url: server.url, from: FROM });
  for (const to of ['bob@mail.example, eve@evil.example', 'bob@mail.example\r\nBcc: eve@evil.example'])
    await mailer.send({ ...mail, to }).catch(() => {});
  mailer.close();
  for (const { to, text } of server.received) {
    expect(to).not.toContain('eve@evil.example');
    expect(text).not.toMatch(/^bcc:/im);
  }
});

test('user and password of the URL are used', async () => {
  const seen: unknown[] = [];
  server = await startMailServer({
    authOptional: false,
    onAuth: ({ username, password }, _session, done) => {
      seen.push(username, password);
      done(null, { user: 'gate' });
    },
  });
  const mailer = smtpMailer({ url: server.url.replace('//', '//gate:p%40ss@'), from: FROM });
  await mailer.send(mail);
  mailer.close();
  expect(seen).toEqual(['gate', 'p@ss']);
});

test('to another machine a mail goes by TLS or not at all', async () => {
  server = await startMailServer();
  // 127.0.0.1 by a name that doesn't say so.
  const mailer = smtpMailer({ url: `smtp://0x7f000001:${server.port}`, from: FROM });
  await expect(mailer.send(mail)).rejects.toThrow(MailUnavailable);
  mailer.close();
  expect(server.received).toEqual([]);
});

test('a server that refuses is a fault that repeats neither the mail nor the password', async () => {
  server = await startMailServer();
  server.refuse = true;
  const mailer = smtpMailer({ url: server.url.replace('//', '//gate:hunter2@'), from: FROM });
  const fault = await mailer.send(mail).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  mailer.close();
  expect(fault).toBeInstanceOf(MailUnavailable);
  expect(JSON.stringify(faultFields(fault))).not.toMatch(/hunter2|the end|bob@/);
});

test('a server that is not there is a fault, soon', async () => {
  server = await startMailServer();
  const { url } = server;
  await server.close();
  const mailer = smtpMailer({ url, from: FROM });
  const startedMs = performance.now();
  await expect(mailer.send(mail)).rejects.toThrow(MailUnavailable);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  mailer.close();
  server = await startMailServer();
});

test('the mailer for development writes the mail to the log', async () => {
  server = await startMailServer();
  const lines: unknown[] = [];
  const log = { info: (line: unknown) => lines.push(line) };
  await logMailer(log as unknown as Parameters<typeof logMailer>[0]).send(mail);
  expect(lines).toEqual([{ event: 'mail', ...mail }]);
});
