import { test as base, expect } from 'vitest';
import { faultFields } from '../../src/log.ts';
import { logMailer, type Mailer, MailUnavailable, smtpMailer } from '../../src/mail/mailer.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';

const FROM = 'The Bank <bank@bank.example>';
const mail = { to: 'bob@mail.example', subject: 'Grüße', text: `a line\n${'x'.repeat(2000)}\n.\nthe end\n` };

/** `openServer` starts an SMTP server and `mailerTo` opens a mailer for a URL. All are closed after the test. */
const test = base
  .extend('openServer', async ({}, { onCleanup }) => {
    const opened: MailServer[] = [];
    onCleanup(async () => {
      for (const server of opened) await server.close();
    });
    return async (options?: Parameters<typeof startMailServer>[0]): Promise<MailServer> => {
      const server = await startMailServer(options);
      opened.push(server);
      return server;
    };
  })
  .extend('mailerTo', async ({}, { onCleanup }) => {
    const opened: Mailer[] = [];
    onCleanup(() => {
      for (const mailer of opened) mailer.close();
    });
    return (url: string): Mailer => {
      const mailer = smtpMailer({ url, from: FROM });
      opened.push(mailer);
      return mailer;
    };
  });

test('an email is delivered completely, to one recipient, from the configured sender', async ({
  openServer,
  mailerTo,
}) => {
  const server = await openServer();
  await mailerTo(server.url).send(mail);
  const [received] = server.received;
  expect(received).toMatchObject({ from: 'bank@bank.example', to: ['bob@mail.example'] });
  expect(received?.text).toContain('The Bank <bank@bank.example>');
  expect(received?.text).toContain('x'.repeat(2000));
  expect(received?.text).toMatch(/\n\.\r?\nthe end/);
});

test('an address that contains a list or a header adds no recipient and no header', async ({
  openServer,
  mailerTo,
}) => {
  const server = await openServer();
  const mailer = mailerTo(server.url);
  for (const to of ['bob@mail.example, eve@evil.example', 'bob@mail.example\r\nBcc: eve@evil.example'])
    await mailer.send({ ...mail, to }).catch(() => {});
  for (const { to, text } of server.received) {
    expect(to).not.toContain('eve@evil.example');
    expect(text).not.toMatch(/^bcc:/im);
  }
});

test('the username and password in the URL are used', async ({ openServer, mailerTo }) => {
  const seen: unknown[] = [];
  const server = await openServer({
    authOptional: false,
    onAuth: ({ username, password }, _session, done) => {
      seen.push(username, password);
      done(null, { user: 'gate' });
    },
  });
  await mailerTo(server.url.replace('//', '//gate:p%40ss@')).send(mail);
  expect(seen).toEqual(['gate', 'p@ss']);
});

test('no email is sent to another machine without TLS', async ({ openServer, mailerTo }) => {
  const server = await openServer();
  // 127.0.0.1 under a name that is not recognized as loopback.
  const mailer = mailerTo(`smtp://0x7f000001:${server.port}`);
  await expect(mailer.send(mail)).rejects.toThrow(MailUnavailable);
  expect(server.received).toEqual([]);
});

test('the error after a rejected email contains neither the email nor the password', async ({
  openServer,
  mailerTo,
}) => {
  const server = await openServer();
  server.refuse = true;
  const mailer = mailerTo(server.url.replace('//', '//gate:hunter2@'));
  const fault = await mailer.send(mail).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(fault).toBeInstanceOf(MailUnavailable);
  expect(JSON.stringify(faultFields(fault))).not.toMatch(/hunter2|the end|bob@/);
});

test('an unreachable server is reported within five seconds', async ({ mailerTo }) => {
  const server = await startMailServer();
  await server.close();
  const startedMs = performance.now();
  await expect(mailerTo(server.url).send(mail)).rejects.toThrow(MailUnavailable);
  expect(performance.now() - startedMs).toBeLessThan(5000);
});

test('the development mailer writes the email to the log', async () => {
  const lines: unknown[] = [];
  const log = { info: (line: unknown) => lines.push(line) };
  await logMailer(log as unknown as Parameters<typeof logMailer>[0]).send(mail);
  expect(lines).toEqual([{ event: 'mail', ...mail }]);
});
