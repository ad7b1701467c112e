import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** The whole message, headers included, with quoted-printable (RFC 2045, section 6.7) undone. */
  text: string;
  secure: boolean;
  user: string | undefined;
}

export interface MailServer {
  /** `smtp://127.0.0.1:…` */
  url: string;
  port: number;
  received: ReceivedMail[];
  /** Whether recipients are refused from now on. */
  refuse: boolean;
  /** How many mails are being held back. */
  readonly holding: number;
  /** Holds mails back after they were sent and before they are accepted, until the returned function is called. */
  holdBack(): () => void;
  close(): Promise<void>;
}

/** A real SMTP server on a free port. Unless `options` say otherwise, it offers no TLS and requires no login. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  let gate: Promise<void> = Promise.resolve();
  let holding = 0;
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    ...options,
    onRcptTo: (_address, _session, done) => done(server.refuse ? new Error('no such mailbox') : null),
    onData: async (stream, session, done) => {
      const raw = await text(stream);
      holding += 1;
      await gate;
      holding -= 1;
      const { mailFrom, rcptTo } = session.envelope;
      server.received.push({
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        text: unquoted(raw),
        secure: session.secure,
        user: session.user ?? undefined,
      });
      done();
    },
  });
  smtp.on('error', () => {});
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const { port } = smtp.server.address() as AddressInfo;
  const server: MailServer = {
    url: `smtp://127.0.0.1:${port}`,
    port,
    received: [],
    refuse: false,
    get holding() {
      return holding;
    },
    holdBack: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    close: () => new Promise((closed) => smtp.close(closed)),
  };
  return server;
}

const unquoted = (message: string): string =>
  message
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
