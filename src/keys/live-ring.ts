import { randomBytes } from 'node:crypto';
import type { Logger } from '../log.ts';
import { ringChannel } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Subscriber } from '../redis/subscriber.ts';
import type { RingKey } from './private-key.ts';
import { InvalidKeyError, type KeyRing, type RingSource, ringOf } from './ring.ts';
import {
  keyStatusesAt,
  type RingRecord,
  type SigningTimes,
  signingTimesAt,
  validityWindow,
} from './schedule.ts';
import { readKeys, readRing, ringStamp } from './store.ts';
import { acknowledgeRing, type RingVersion, readAnnouncement } from './sync.ts';

/** How often the directory is checked, with or without announcements. */
const POLL_INTERVAL_MS = 1000;

/** What was read from the directory. */
interface Content {
  record: RingRecord;
  keys: ReadonlyMap<string, RingKey>;
  stamp: string;
}

/**
 * The ring in a directory as this process knows it. It is read at the start, after each announcement and each
 * connection to Redis, and when a poll finds that the file has changed. A ring that cannot be read changes nothing.
 */
export class LiveRing implements RingSource {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #gatewayId = randomBytes(16).toString('base64url');
  readonly #timer: NodeJS.Timeout;
  #content: Content;
  #current: { ring: KeyRing; fromMs: number; untilMs: number } | undefined;
  #redis: RedisStore | undefined;
  #announced: RingVersion | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #isReadable = true;

  /** Reads an existing ring. @throws {InvalidKeyError} when it is unusable. */
  static async open(directory: string, log: Logger): Promise<LiveRing> {
    return new LiveRing(directory, log, await readContent(directory));
  }

  private constructor(directory: string, log: Logger, content: Content) {
    this.#directory = directory;
    this.#log = log;
    this.#content = content;
    this.#timer = setInterval(() => void this.#sync(), POLL_INTERVAL_MS);
    this.#timer.unref();
  }

  at(nowMs: number): KeyRing {
    const current = this.#current;
    if (current !== undefined && current.fromMs <= nowMs && nowMs < current.untilMs) return current.ring;
    const { record } = this.#content;
    this.#current = { ring: ringAt(this.#content, nowMs), ...validityWindow(record, nowMs) };
    return this.#current.ring;
  }

  signingTimes(nowMs: number): SigningTimes | undefined {
    return signingTimesAt(this.#content.record, nowMs);
  }

  /** Receives announcements through `subscriber` and acknowledges them through `redis`. */
  listen(subscriber: Subscriber, redis: RedisStore): void {
    this.#redis = redis;
    const onMessage = (message: string): void => this.#receive(message);
    subscriber.subscribe(ringChannel(), onMessage, () => void this.#sync());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #receive(message: string): void {
    this.#announced = readAnnouncement(message) ?? this.#announced;
    void this.#sync();
  }

  /** Runs one sync after the other, so that older content never replaces newer content. */
  #sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#read()).then(() => this.#acknowledge());
    return this.#syncing;
  }

  async #read(): Promise<void> {
    try {
      if ((await ringStamp(this.#directory)) === this.#content.stamp) return;
      this.#content = await readContent(this.#directory, this.#content.keys);
      this.#current = undefined;
      this.#isReadable = true;
      const { version } = this.#content.record;
      this.#log.info({ event: 'key_ring_read', version }, 'the key ring has changed');
    } catch (err) {
      if (this.#isReadable)
        this.#log.error({ event: 'key_ring_unreadable', err }, 'the key ring stays as it was');
      this.#isReadable = false;
    }
  }

  /** Acknowledges the announced version once it has been read. After a failure the next sync tries again. */
  async #acknowledge(): Promise<void> {
    const announced = this.#announced;
    const { id, version } = this.#content.record;
    if (announced?.id !== id || announced.version > version || this.#redis === undefined) return;
    try {
      await acknowledgeRing(this.#redis, announced, this.#gatewayId);
      if (this.#announced === announced) this.#announced = undefined;
    } catch (err) {
      this.#log.warn({ event: 'key_ring_not_acknowledged', err }, 'a key ring change is not acknowledged');
    }
  }
}

/** The stamp is read first, so that a change during the reading is noticed by the next sync. */
async function readContent(directory: string, known?: ReadonlyMap<string, RingKey>): Promise<Content> {
  const stamp = await ringStamp(directory);
  const record = await readRing(directory);
  if (record === undefined) throw new InvalidKeyError('KEYS_DIR: no longer holds a key ring');
  return { record, keys: await readKeys(directory, record, known), stamp };
}

function ringAt({ record, keys }: Content, nowMs: number): KeyRing {
  const inState = (...states: string[]): RingKey[] =>
    keyStatusesAt(record, nowMs)
      .filter(({ state }) => states.includes(state))
      .flatMap(({ kid }) => keys.get(kid) ?? []);
  const [signing] = inState('signing');
  if (signing === undefined) throw new InvalidKeyError('KEYS_DIR: holds no key that signs');
  return ringOf(signing, inState('published', 'verifying'));
}
