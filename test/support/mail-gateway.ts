import { test as base } from 'vitest';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type MailServer, type ReceivedMail, startMailServer } from './mail-server.ts';
import { until } from './until.ts';

/** What identifies an email among those to the same address. */
const hasSubject =
  (subject: string) =>
  ({ text }: ReceivedMail): boolean =>
    text.includes(`\nSubject: ${subject}\r\n`);

/**
 * A `test` with a gateway that sends its emails to a real SMTP server (`mail`). `mailsTo` returns the emails to an address
 * with a subject, and `nextMail` waits for the first one after those that were there when it was called.
 */
export const mailGatewayTest = (environment: Record<string, string> = {}, options: TestGatewayOptions = {}) =>
  base
    .extend('mail', { scope: 'file' }, async ({}, { onCleanup }): Promise<MailServer> => {
      const mail = await startMailServer();
      onCleanup(() => mail.close());
      return mail;
    })
    .extend('gateway', { scope: 'file' }, async ({ mail }, { onCleanup }): Promise<TestGateway> => {
      const gateway = await startTestGateway({ SMTP_URL: mail.url, ...environment }, undefined, options);
      onCleanup(() => gateway.close());
      return gateway;
    })
    .extend(
      'mailsTo',
      ({ mail }) =>
        (address: string, subject: string): ReceivedMail[] =>
          mail.received.filter(({ to }) => to[0] === address).filter(hasSubject(subject)),
    )
    .extend(
      'nextMail',
      ({ mailsTo }) =>
        async (address: string, subject: string, cause: () => Promise<unknown>): Promise<string> => {
          const before = mailsTo(address, subject).length;
          await cause();
          await until(() => mailsTo(address, subject).length > before);
          return mailsTo(address, subject)[before]?.text ?? '';
        },
    );
