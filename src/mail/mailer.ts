export interface Mail {
  /** One address. */
  to: string;
  subject: string;
  /** Plain text. */
  text: string;
}

/** A mail could not be handed over. Nobody else's mail is the cause, and another try may do better. */
export class MailUnavailable extends Error {
  readonly code = 'mail_unavailable';
  override readonly name = 'MailUnavailable';
}

/** Hands mails over for delivery. */
export interface Mailer {
  /** Resolves when the mail has been taken over for delivery. @throws {MailUnavailable} */
  send(mail: Mail): Promise<void>;
  close(): void;
}
