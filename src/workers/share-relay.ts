import QuickLRU from 'quick-lru';
import type { AmountsByLimit, ShareReport } from '../gateway/shares/exchange.ts';

/** Which worker, which limit, which subject, and how much. */
type Entry = readonly [worker: object, limit: string, subject: string, amount: number];

/** How long reports of workers are collected before the others are told. */
const COLLECT_MS = 10;

/** The most buckets of a limit that a new worker is told of. QuickLRU holds up to twice its `maxSize`. */
const BUCKETS_MAX = 25_000;

type Send = (report: ShareReport) => void;

/**
 * Adds up what the workers report of their shared limits, and tells each what the others have used. It also knows the
 * state of all buckets, so that a new worker does not begin with full ones.
 */
export class ShareRelay {
  readonly #now: () => number;
  readonly #workers = new Map<object, Send>();
  /** By limit and subject, what each worker holds. */
  readonly #held = new Map<string, Map<string, Map<object, number>>>();
  /** By limit and subject, when the bucket is full again. */
  readonly #fullAtMs = new Map<string, QuickLRU<string, number>>();
  #taken: Entry[] = [];
  #changed = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param now the clock, in milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Adds a worker, any object, and tells it what has been used so far. */
  add(worker: object, send: Send): void {
    this.#workers.set(worker, send);
    const nowMs = this.#now();
    const taken = [...this.#fullAtMs].map(([limit, buckets]): AmountsByLimit[number] => [
      limit,
      [...buckets].filter(([, ms]) => ms > nowMs).map(([subject, ms]) => [subject, ms - nowMs]),
    ]);
    const held = [...this.#held].map(([limit, subjects]) => this.#elsewhere(worker, limit, subjects.keys()));
    send({ taken, held });
  }

  /** Removes a worker that has ended: it holds nothing any more. */
  remove(worker: object): void {
    this.#workers.delete(worker);
    for (const [limit, subjects] of this.#held)
      for (const [subject, byWorker] of subjects)
        if (byWorker.has(worker)) this.#hold(worker, limit, subject, 0);
  }

  /** Takes the report of a worker. */
  receive(worker: object, { taken, held }: ShareReport): void {
    if (!this.#workers.has(worker)) return;
    for (const [limit, amounts] of taken)
      for (const [subject, ms] of amounts) this.#take(worker, limit, subject, ms);
    for (const [limit, amounts] of held)
      for (const [subject, amount] of amounts) this.#hold(worker, limit, subject, amount);
  }

  /** Tells the workers at once what they have not been told. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [entries, changed] = [this.#taken, this.#changed];
    [this.#taken, this.#changed] = [[], new Map()];
    for (const [worker, send] of this.#workers) {
      const taken = takenElsewhere(worker, entries);
      const held = [...changed].map(([limit, subjects]) => this.#elsewhere(worker, limit, subjects));
      if (taken.length + held.length > 0) send({ taken, held });
    }
  }

  #take(worker: object, limit: string, subject: string, ms: number): void {
    this.#taken.push([worker, limit, subject, ms]);
    const buckets = this.#fullAtMs.get(limit) ?? new QuickLRU<string, number>({ maxSize: BUCKETS_MAX });
    this.#fullAtMs.set(limit, buckets);
    buckets.set(subject, Math.max(buckets.get(subject) ?? 0, this.#now()) + ms);
    this.#schedule();
  }

  #hold(worker: object, limit: string, subject: string, amount: number): void {
    const subjects = getOrAdd(this.#held, limit, () => new Map<string, Map<object, number>>());
    const byWorker = getOrAdd(subjects, subject, () => new Map<object, number>());
    if (amount === 0) byWorker.delete(worker);
    else byWorker.set(worker, amount);
    if (byWorker.size === 0) subjects.delete(subject);
    getOrAdd(this.#changed, limit, () => new Set<string>()).add(subject);
    this.#schedule();
  }

  /** What all workers but one hold. */
  #elsewhere(worker: object, limit: string, subjects: Iterable<string>): AmountsByLimit[number] {
    const held = this.#held.get(limit);
    const sumOf = (subject: string): number => {
      let sum = 0;
      for (const [holder, amount] of held?.get(subject) ?? []) if (holder !== worker) sum += amount;
      return sum;
    };
    return [limit, [...subjects].map((subject) => [subject, sumOf(subject)])];
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.flush(), COLLECT_MS).unref();
  }
}

/** What all workers but one have taken, added up. */
function takenElsewhere(worker: object, entries: readonly Entry[]): AmountsByLimit {
  const sums = new Map<string, Map<string, number>>();
  for (const [by, limit, subject, ms] of entries) {
    if (by === worker) continue;
    const ofLimit = getOrAdd(sums, limit, () => new Map<string, number>());
    ofLimit.set(subject, (ofLimit.get(subject) ?? 0) + ms);
  }
  return [...sums].map(([limit, ofLimit]) => [limit, [...ofLimit]]);
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
