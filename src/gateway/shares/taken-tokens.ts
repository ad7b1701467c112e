import QuickLRU from 'quick-lru';

/** Amounts by subject, as they are sent to other processes. */
export type Amounts = readonly (readonly [subject: string, amount: number])[];

/** The most subjects whose small amounts are remembered. Beyond it, those of the one that was seen least recently are forgotten. */
const SMALL_AMOUNTS_MAX = 50_000;

/**
 * What this worker has taken from the token buckets of one limit and not reported yet. Amounts are in milliseconds: the
 * time in which a bucket gains the tokens. A subject is reported once it has taken a notable amount, so that ordinary
 * traffic costs no message; smaller amounts are kept and added up, so that none is lost.
 */
export class TakenTokens {
  /** Takes from the worker's own bucket what the subject has taken from others. */
  onDebit: (subject: string, ms: number) => void = () => {};
  readonly #notableMs: number;
  readonly #onDue: () => void;
  // QuickLRU holds up to twice its `maxSize`.
  readonly #small = new QuickLRU<string, number>({ maxSize: SMALL_AMOUNTS_MAX / 2 });
  #due = new Map<string, number>();

  /** @param onDue called whenever something has to be reported */
  constructor(notableMs: number, onDue: () => void) {
    this.#notableMs = notableMs;
    this.#onDue = onDue;
  }

  add(subject: string, ms: number): void {
    const due = this.#due.get(subject);
    const sum = (due ?? this.#small.get(subject) ?? 0) + ms;
    if (due === undefined && sum < this.#notableMs) return void this.#small.set(subject, sum);
    if (due === undefined) this.#small.delete(subject);
    this.#due.set(subject, sum);
    this.#onDue();
  }

  /** What has to be reported, which counts as reported then. */
  drain(): Amounts {
    const due = [...this.#due];
    if (due.length > 0) this.#due = new Map();
    return due;
  }
}
