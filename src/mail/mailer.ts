import { createTransport } from 'nodemailer';
import type { Logger } from '../log.ts';

const MAX_CONNECTIONS = 3;
const CONNECT_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 10_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export interface Mail {
  /** One address. */
  to: string;
  subject: string;
  /** Plain text. */
  text: string;
}

/** An email could not be sent. A retry may succeed. */
export class MailUnavailable extends Error {
  readonly code = 'mail_unavailable';
  override readonly name = 'MailUnavailable';
}

export interface Mailer {
  /** Resolves when the email has been accepted for delivery. @throws {MailUnavailable} */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** Writes emails to the log, including reset links. For development only. */
export const logMailer = (log: Logger): Mailer => ({
  send: async ({ to, subject, text }) => log.info({ event: 'mail', to, subject, text }, 'email'),
  close: () => {},
});

interface SmtpOptions {
  /** `smtp://` or `smtps://`, optionally with a username and password. */
  url: string;
  /** An address, or a name followed by an address in angle brackets. */
  from: string;
}

/**
 * Sends emails through an SMTP server (RFC 5321). They contain one-time tokens, so a connection to another machine
 * must use TLS: if the server does not offer STARTTLS (RFC 3207), or an attacker removes the offer, nothing is sent.
 */
export function smtpMailer({ url, from }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    requireTLS: !LOOPBACK.test(new URL(url).hostname),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, subject, text }) {
      try {
        // An object is always one address; nodemailer would parse a string as a list.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
      } catch (fault) {
        throw new MailUnavailable('the mail server did not accept an email', { cause: withoutMail(fault) });
      }
    },
    close: () => transport.close(),
  };
}

/** A server can repeat in its reply what it was sent, so only the codes of its error are kept. */
function withoutMail(fault: unknown): Error {
  const { code, responseCode } = (fault ?? {}) as { code?: unknown; responseCode?: unknown };
  return new Error([code, responseCode].filter((part) => part !== undefined).join(' '));
}
