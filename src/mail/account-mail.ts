import type { Mail } from './mailer.ts';
import type { Outbox } from './outbox.ts';

/** Where and when something happened. */
export interface Occasion {
  device: string;
  address: string;
  nowMs: number;
}

interface AccountMailOptions {
  outbox: Pick<Outbox, 'post'>;
  /** The link in a confirmation email, with `{token}` in its fragment. */
  emailUrl: string;
  /** How long that link can be used. */
  confirmationSeconds: number;
}

const WARNING = 'If this was not you, change your password at once and contact us.';

/** Tells users what happens to their account, in plain text and in the background. Only confirmed addresses get notices. */
export class AccountMail {
  readonly #options: AccountMailOptions;

  constructor(options: AccountMailOptions) {
    this.#options = options;
  }

  /** Asks the owner of an address to confirm it. The only email to an address that is not confirmed. */
  confirmAddress(to: string, token: string): void {
    const { emailUrl, confirmationSeconds } = this.#options;
    const hours = Math.max(1, Math.floor(confirmationSeconds / 3600));
    this.#post(to, 'Confirm your email address', [
      'This email address was given for an account.',
      '',
      `Open this link to confirm that it is yours. It works once and expires in ${hours} ${hours === 1 ? 'hour' : 'hours'}:`,
      '',
      emailUrl.replaceAll('{token}', token),
      '',
      'If you did not expect this, you can ignore this email.',
    ]);
  }

  /** To the present address, before another one replaces it. */
  addressChangeRequested(to: string, occasion: Occasion): void {
    this.#notice(to, 'Your email address is about to change', occasion, [
      'Another email address was given for your account. It replaces this one as soon as it is confirmed.',
    ]);
  }

  /** To the address that has been replaced. */
  addressChanged(to: string, nowMs: number): void {
    this.#post(to, 'Your email address has changed', [
      'Another email address was confirmed for your account. This address gets no more emails about it.',
      '',
      `Time: ${timeOf(nowMs)}`,
      '',
      WARNING,
    ]);
  }

  passwordChanged(to: string, occasion: Occasion): void {
    this.#notice(to, 'Your password has changed', occasion, [
      'The password of your account was changed, and all other devices were signed out.',
    ]);
  }

  loggedIn(to: string, occasion: Occasion): void {
    this.#notice(to, 'New login to your account', occasion, [
      'Your account was used to log in from a device or a network that we have not seen before.',
    ]);
  }

  #notice(to: string, subject: string, { device, address, nowMs }: Occasion, lines: string[]): void {
    const facts = [`Time: ${timeOf(nowMs)}`, `Device: ${device}`, `Address: ${address}`];
    const advice = `If this was you, there is nothing to do. ${WARNING}`;
    this.#post(to, subject, [...lines, '', ...facts, '', advice]);
  }

  #post(to: string, subject: string, lines: readonly string[]): void {
    const mail: Mail = { to, subject, text: [...lines, ''].join('\n') };
    this.#options.outbox.post(mail);
  }
}

const timeOf = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
