import type { Logger } from '../log.ts';
import type { ServerLink } from './store.ts';

/** A connection that is silently dead is noticed within this time and the deadline of a command. */
const PING_INTERVAL_MS = 500;

interface Subscription {
  channel: string;
  onMessage: (message: string) => void;
  onSubscribed: (() => void) | undefined;
}

/** A connection that is replaced when it is lost. */
export type MessageLink = Pick<ServerLink, 'ready' | 'onReady' | 'run' | 'close'>;

interface SubscriberOptions {
  /** A connection that is used for nothing else: RESP 2 allows a subscribed connection little more than PING. */
  link: MessageLink;
  log: Logger;
}

/**
 * Receives what is published on channels, over one connection for the whole process. It subscribes again after every
 * reconnection. Messages that are published in the meantime are lost, so a subscriber has to check for itself what it
 * may have missed.
 */
export class Subscriber {
  readonly #link: MessageLink;
  readonly #log: Logger;
  readonly #subscriptions: Subscription[] = [];
  readonly #pingTimer: NodeJS.Timeout;

  constructor({ link, log }: SubscriberOptions) {
    this.#link = link;
    this.#log = log;
    link.onReady(() => {
      for (const subscription of this.#subscriptions) void this.#start(subscription);
    });
    this.#pingTimer = setInterval(() => void this.#ping(), PING_INTERVAL_MS);
    this.#pingTimer.unref();
  }

  /**
   * Subscribes to a channel, now and after each reconnection.
   * @param onSubscribed called whenever messages arrive again, and after each attempt that failed
   */
  subscribe(channel: string, onMessage: (message: string) => void, onSubscribed?: () => void): void {
    const subscription = { channel, onMessage, onSubscribed };
    this.#subscriptions.push(subscription);
    if (this.#link.ready) void this.#start(subscription);
  }

  close(): void {
    clearInterval(this.#pingTimer);
    this.#link.close();
  }

  async #start({ channel, onMessage, onSubscribed }: Subscription): Promise<void> {
    try {
      await this.#link.run((client) => client.subscribe(channel, onMessage));
    } catch (err) {
      this.#log.warn({ event: 'channel_not_heard', channel, err }, 'a Redis channel cannot be subscribed to');
    }
    onSubscribed?.();
  }

  /** The link drops the connection if there is no reply within the deadline. */
  async #ping(): Promise<void> {
    if (this.#link.ready) await this.#link.run((client) => client.ping()).catch(() => undefined);
  }
}
