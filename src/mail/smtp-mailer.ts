import { createTransport } from 'nodemailer';
import { type Mailer, MailUnavailable } from './mailer.ts';

const MAX_CONNECTIONS = 3;
const CONNECT_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 10_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, perhaps with user and password. */
  url: string;
  /** An address, or a name with one in angle brackets. */
  from: string;
}

/**
 * Hands mails to an SMTP server (RFC 5321). They carry one-time tokens, so to another machine they go by TLS only:
 * a server, or somebody in between, that doesn't offer STARTTLS (RFC 3207) gets nothing.
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
        // An object is one address, whatever is in it; a text could be a list.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
      } catch (fault) {
        throw new MailUnavailable('the mail server did not take a mail', { cause: withoutMail(fault) });
      }
    },
    close: () => transport.close(),
  };
}

/** A server may repeat in its answer what it was sent; of its fault only the kind is kept. */
function withoutMail(fault: unknown): Error {
  const { code, responseCode } = (fault ?? {}) as { code?: unknown; responseCode?: unknown };
  return new Error([code, responseCode].filter((part) => part !== undefined).join(' '));
}
