import type { Logger } from '../../log.ts';
import { entriesOf, mergeStates, type RevocationEntry } from './entry.ts';

export interface JournalOptions {
  /** How long an entry is kept. */
  keptMs: number;
  /** The most entries. Beyond it, the oldest are dropped. 0 keeps none. */
  max: number;
  log: Logger;
  /** A monotonic clock, in milliseconds. */
  now?: () => number;
}

export interface JournalEntry {
  readonly entry: RevocationEntry;
  readonly atMs: number;
  /** The last server that this entry was applied to, if it was applied to any. */
  appliedTo?: string;
}

/** Dropped entries are logged at most once in this time. */
const WARN_EVERY_MS = 60_000;

/**
 * What was revoked lately, by this process and by others as far as it heard of them. It is kept in memory, so it survives
 * every failure of Redis, and none of the process.
 */
export class RevocationJournal {
  readonly #options: JournalOptions;
  readonly #now: () => number;
  /** By session or user. The oldest come first. */
  readonly #entries = new Map<string, JournalEntry>();
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #dropped = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many entries were dropped before their time, because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds what a message on the revocations channel says, and returns it. */
  add(message: string): JournalEntry[] {
    const atMs = this.#now();
    const added = entriesOf(message).map((entry) => this.#add(entry, atMs));
    this.#prune(atMs);
    return added;
  }

  /** All entries by user, without those that have been applied to this server. */
  notAppliedTo(server: string): Map<string, JournalEntry[]> {
    this.#prune(this.#now());
    const waiting = [...this.#entries.values()].filter(({ appliedTo }) => appliedTo !== server);
    return Map.groupBy(waiting, ({ entry }) => entry.user);
  }

  #add(entry: RevocationEntry, atMs: number): JournalEntry {
    const key = entry.session === undefined ? entry.user : `${entry.user} ${entry.session}`;
    const known = this.#entries.get(key)?.entry.state;
    const state = known && entry.state && mergeStates(known, entry.state);
    const added: JournalEntry = { entry: state === undefined ? entry : { user: entry.user, state }, atMs };
    this.#entries.delete(key);
    this.#entries.set(key, added);
    return added;
  }

  #prune(nowMs: number): void {
    const { keptMs, max } = this.#options;
    for (const [key, { atMs }] of this.#entries) {
      const isSurplus = this.#entries.size > max;
      if (!isSurplus && nowMs - atMs < keptMs) return;
      if (isSurplus && max > 0) this.#noteDropped(nowMs);
      this.#entries.delete(key);
    }
  }

  #noteDropped(nowMs: number): void {
    this.#dropped += 1;
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return;
    this.#warnedAtMs = nowMs;
    this.#options.log.warn(
      { event: 'revocations_dropped', dropped: this.#dropped, max: this.#options.max },
      'the journal of revocations is full: raise REVOCATION_JOURNAL_MAX',
    );
  }
}
