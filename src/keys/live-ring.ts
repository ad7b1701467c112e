import { randomBytes } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { RedisLink } from '../redis/connection.ts';
import { ringChannel } from '../redis/keys.ts';
import { readKeys, readRing, ringStamp } from './directory.ts';
import { InvalidKeyError, type KeyRing, type RingKey, type RingSource, ringOf } from './ring.ts';
import { keyStatusesAt, type RingRecord, validityWindow } from './schedule.ts';
import { openRing, type RingStart } from './start.ts';
import { acknowledgeRing, type RingVersion, readAnnouncement } from './sync.ts';

/** How often the directory is looked at, whatever the channel says or misses. */
const LOOKED_AT_EVERY_MS = 1000;

/** What was read from the directory. */
interface Content {
  record: RingRecord;
  keys: ReadonlyMap<string, RingKey>;
  stamp: string;
}

/**
 * The ring in a directory, as this process knows it: read at the start, when Redis says that it has changed, each
 * time that Redis is reached anew, and when the file is seen to have changed. What can't be read changes nothing.
 */
export class LiveRing implements RingSource {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #gatewayId = randomBytes(16).toString('base64url');
  readonly #timer: NodeJS.Timeout;
  #content: Content;
  #stretch: { ring: KeyRing; fromMs: number; untilMs: number } | undefined;
  #redis: RedisLink | undefined;
  #news: RingVersion | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isReadable = true;

  /** @throws {InvalidKeyError} when there is no usable ring and none may be made. */
  static async open(start: RingStart, log: Logger, nowMs: number): Promise<LiveRing> {
    await openRing(start, nowMs);
    return new LiveRing(start.directory, log, await readContent(start.directory));
  }

  private constructor(directory: string, log: Logger, content: Content) {
    this.#directory = directory;
    this.#log = log;
    this.#content = content;
    this.#timer = setInterval(() => void this.#look(), LOOKED_AT_EVERY_MS);
    this.#timer.unref();
  }

  at(nowMs: number): KeyRing {
    const known = this.#stretch;
    if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) return known.ring;
    const { record } = this.#content;
    this.#stretch = { ring: ringAt(this.#content, nowMs), ...validityWindow(record, nowMs) };
    return this.#stretch.ring;
  }

  /** Hears of changes through `listener`, and says through `redis` when they are known here. */
  listen(listener: RedisLink, redis: RedisLink): void {
    this.#redis = redis;
    listener.onReady(() => void this.#subscribe(listener));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #subscribe(listener: RedisLink): Promise<void> {
    try {
      await listener.run((client) => client.subscribe(ringChannel(), (message) => this.#hear(message)));
    } catch (err) {
      this.#log.warn({ event: 'key_ring_not_heard', err }, 'changes of the keys are known late for now');
    }
    await this.#look();
  }

  #hear(message: string): void {
    this.#news = readAnnouncement(message) ?? this.#news;
    void this.#look();
  }

  /** One look after the other: an older content never replaces a newer one. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#read()).then(() => this.#acknowledge());
    return this.#looking;
  }

  async #read(): Promise<void> {
    try {
      if ((await ringStamp(this.#directory)) === this.#content.stamp) return;
      this.#content = await readContent(this.#directory, this.#content.keys);
      this.#stretch = undefined;
      this.#isReadable = true;
      const { version } = this.#content.record;
      this.#log.info({ event: 'key_ring_read', version }, 'the keys have changed');
    } catch (err) {
      if (this.#isReadable)
        this.#log.error({ event: 'key_ring_unreadable', err }, 'the keys stay as they were');
      this.#isReadable = false;
    }
  }

  /** What can't be said now is said after the next look. */
  async #acknowledge(): Promise<void> {
    const news = this.#news;
    const { id, version } = this.#content.record;
    if (news?.id !== id || news.version > version || this.#redis === undefined) return;
    try {
      await acknowledgeRing(this.#redis, news, this.#gatewayId);
      if (this.#news === news) this.#news = undefined;
    } catch (err) {
      this.#log.warn({ event: 'key_ring_not_acknowledged', err }, 'the operator will not hear of it');
    }
  }
}

/** The stamp is taken first: what changes while it is read is seen to differ at the next look. */
async function readContent(directory: string, known?: ReadonlyMap<string, RingKey>): Promise<Content> {
  const stamp = await ringStamp(directory);
  const record = await readRing(directory);
  if (record === undefined) throw new InvalidKeyError('KEYS_DIR: holds no key ring any more');
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
