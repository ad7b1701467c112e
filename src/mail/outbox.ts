import type { Logger } from '../log.ts';
import type { Mail, Mailer } from './mailer.ts';

const MAX_CONCURRENT = 3;

interface OutboxOptions {
  mailer: Mailer;
  log: Logger;
  /** The most emails that wait to be sent. */
  queueMax: number;
}

/**
 * Sends emails in the background, so that no request waits for the mail server or fails with it. An email that cannot
 * be sent, or that finds the queue full, is logged without its content and dropped.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** How many emails were sent, could not be sent, and were dropped. */
  readonly outcomes = { sent: 0, failed: 0, dropped: 0 };
  readonly #waiting: Mail[] = [];
  #sending = 0;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Queues an email. It never throws and never waits. */
  post(mail: Mail): void {
    const { queueMax, log } = this.#options;
    if (this.#isClosed || this.#waiting.length >= queueMax) {
      this.outcomes.dropped += 1;
      log.error({ event: 'mail_dropped', subject: mail.subject }, 'the queue of emails is full or closed');
      return;
    }
    this.#waiting.push(mail);
    if (this.#sending < MAX_CONCURRENT) void this.#sendAll();
  }

  /** How many emails wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  async #sendAll(): Promise<void> {
    const { mailer, log } = this.#options;
    this.#sending += 1;
    for (let mail = this.#waiting.shift(); mail !== undefined; mail = this.#waiting.shift()) {
      try {
        await mailer.send(mail);
        this.outcomes.sent += 1;
      } catch (err) {
        this.outcomes.failed += 1;
        log.error({ event: 'mail_failed', subject: mail.subject, err }, 'an email was not sent');
      }
    }
    this.#sending -= 1;
  }
}
