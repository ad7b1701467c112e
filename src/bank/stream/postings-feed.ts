import type { Logger } from '../../log.ts';
import type { RedisLink } from '../../redis/connection.ts';
import { postingsChannel } from '../../redis/keys.ts';

/** Why a watcher stopped waiting. */
export type Waking = 'posting' | 'timeout' | 'closed';

/** One reader's ear for one account. What happens while it isn't listening is not forgotten: it wakes at once. */
export class Watcher {
  readonly #leave: (watcher: Watcher) => void;
  #posted = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(leave: (watcher: Watcher) => void) {
    this.#leave = leave;
  }

  /** Waits for a posting, at most `timeoutMs`. One call at a time. */
  async next(timeoutMs: number): Promise<Waking> {
    if (!this.#posted && !this.#closed) await this.#sleep(timeoutMs);
    if (this.#closed) return 'closed';
    const waking = this.#posted ? 'posting' : 'timeout';
    this.#posted = false;
    return waking;
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
 * Wakes readers when something is posted to their account, over one Redis connection for the whole process. It
 * only wakes: readers fetch what there is from the ledger, so a message that gets lost costs time, never data.
 */
export class PostingsFeed {
  readonly #link: RedisLink;
  readonly #log: Logger;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #checkUp: NodeJS.Timeout;
  #subscribed = false;
  #closed = false;

  /** `link` is used for nothing else. It is checked every `checkUpMs`, since a dead connection is silent too. */
  constructor(link: RedisLink, log: Logger, checkUpMs: number) {
    this.#link = link;
    this.#log = log;
    link.onReady(() => void this.#subscribe());
    this.#checkUp = setInterval(() => void (this.#subscribed ? this.#ping() : this.#subscribe()), checkUpMs);
  }

  watch(accountId: string): Watcher {
    const watcher = new Watcher((leaving) => this.#remove(accountId, leaving));
    const watchers = this.#watchers.get(accountId) ?? new Set();
    this.#watchers.set(accountId, watchers.add(watcher));
    if (this.#closed) watcher.close();
    return watcher;
  }

  /** How many readers there are. */
  get size(): number {
    return [...this.#watchers.values()].reduce((sum, watchers) => sum + watchers.size, 0);
  }

  /** Tells all readers, present and future, that it is over. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#checkUp);
    for (const watcher of this.#everybody()) watcher.close();
  }

  async #subscribe(): Promise<void> {
    this.#subscribed = false;
    if (this.#closed || !this.#link.ready) return;
    try {
      await this.#link.run((client) => client.subscribe(postingsChannel(), (id) => this.#notify(id)));
      this.#subscribed = true;
    } catch (fault) {
      this.#log.warn({ event: 'postings_not_subscribed', err: fault }, 'postings are noticed late for now');
    }
    for (const watcher of this.#everybody()) watcher.notify();
  }

  #ping(): Promise<unknown> {
    return this.#link.run((client) => client.ping()).catch(() => undefined);
  }

  #notify(accountId: string): void {
    for (const watcher of this.#watchers.get(accountId) ?? []) watcher.notify();
  }

  #everybody(): Watcher[] {
    return [...this.#watchers.values()].flatMap((watchers) => [...watchers]);
  }

  #remove(accountId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(accountId);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#watchers.delete(accountId);
  }
}
