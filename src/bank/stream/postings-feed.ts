import { postingsChannel } from '../../redis/keys.ts';
import type { Subscriber } from '../../redis/subscriber.ts';

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
 * Wakes streams when something is posted to their account. A message carries no data: streams read the ledger, so a
 * lost message delays a transaction but never loses it.
 */
export class PostingsFeed {
  readonly #watchers = new Map<string, Set<Watcher>>();
  #closed = false;

  constructor(subscriber: Subscriber) {
    subscriber.subscribe(
      postingsChannel(),
      (accountId) => this.#notify(accountId),
      () => {
        for (const watcher of this.#allWatchers()) watcher.notify();
      },
    );
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
    for (const watcher of this.#allWatchers()) watcher.close();
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
