import type { Logger } from '../../log.ts';
import type { RedisLink } from '../../redis/connection.ts';
import { postingsChannel } from '../../redis/keys.ts';

/** Why a wait has ended. */
type WakeReason = 'posting' | 'timeout' | 'closed';

/** Waits for postings to one account, for one stream. A posting between two waits ends the next wait at once. */
export class Watcher {
  readonly #leave: (watcher: Watcher) => void;
  #posted = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(leave: (watcher: Watcher) => void) {
    this.#leave = leave;
  }

  /** Waits for a posting, at most `timeoutMs`. One call at a time. */
  async next(timeoutMs: number): Promise<WakeReason> {
    if (!this.#posted && !this.#closed) await this.#sleep(timeoutMs);
    if (this.#closed) return 'closed';
    const reason = this.#posted ? 'posting' : 'timeout';
    this.#posted = false;
    return reason;
  }

  notify(): void {
    this.#posted = true;
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#leave(this);
    this.#wake?.();
  }

  #sleep(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Wakes streams when something is posted to their account, over one Redis connection for the whole process. A message
 * carries no data: streams read the ledger, so a lost message delays a transaction but never loses it.
 */
export class PostingsFeed {
  readonly #link: RedisLink;
  readonly #log: Logger;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #checkTimer: NodeJS.Timeout;
  #subscribed = false;
  #closed = false;

  /** `link` must not be used for anything else. It is pinged every `checkMs`, as a broken connection can stay silent. */
  constructor(link: RedisLink, log: Logger, checkMs: number) {
    this.#link = link;
    this.#log = log;
    link.onReady(() => void this.#subscribe());
    this.#checkTimer = setInterval(() => void (this.#subscribed ? this.#ping() : this.#subscribe()), checkMs);
  }

  watch(accountId: string): Watcher {
    const watcher = new Watcher((leaving) => this.#remove(accountId, leaving));
    const watchers = this.#watchers.get(accountId) ?? new Set();
    this.#watchers.set(accountId, watchers.add(watcher));
    if (this.#closed) watcher.close();
    return watcher;
  }

  /** The number of open streams. */
  get size(): number {
    return [...this.#watchers.values()].reduce((sum, watchers) => sum + watchers.size, 0);
  }

  /** Ends all streams, present and future. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#checkTimer);
    for (const watcher of this.#allWatchers()) watcher.close();
  }

  async #subscribe(): Promise<void> {
    this.#subscribed = false;
    if (this.#closed || !this.#link.ready) return;
    try {
      await this.#link.run((client) => client.subscribe(postingsChannel(), (id) => this.#notify(id)));
      this.#subscribed = true;
    } catch (fault) {
      this.#log.warn(
        { event: 'postings_not_subscribed', err: fault },
        'streams are delayed: postings cannot be subscribed to',
      );
    }
    for (const watcher of this.#allWatchers()) watcher.notify();
  }

  #ping(): Promise<unknown> {
    return this.#link.run((client) => client.ping()).catch(() => undefined);
  }

  #notify(accountId: string): void {
    for (const watcher of this.#watchers.get(accountId) ?? []) watcher.notify();
  }

  #allWatchers(): Watcher[] {
    return [...this.#watchers.values()].flatMap((watchers) => [...watchers]);
  }

  #remove(accountId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(accountId);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#watchers.delete(accountId);
  }
}
