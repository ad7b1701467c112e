import QuickLRU from 'quick-lru';
import type { SharedLimits } from '../shares/exchange.ts';
import type { TakenTokens } from '../shares/taken-tokens.ts';

export interface Rate {
  /** How many tokens a bucket gains in a second. 0 means that there is no limit. */
  perSecond: number;
  /** How many tokens a full bucket holds. */
  burst: number;
}

/** The state of a bucket after a request for one token. */
export interface Taken {
  granted: boolean;
  /** How many tokens are left. */
  remaining: number;
  /** When the next token is there, if there is none; otherwise when the bucket is full again. */
  resetSeconds: number;
}

/** Shares the buckets with other workers. */
export interface SharedBuckets {
  limits: SharedLimits;
  /** The name of the limit. */
  name: string;
  /** The clock, in milliseconds since the epoch. */
  now: () => number;
}

/** How far a bucket can be overdrawn by what other workers have granted, as a multiple of a full one. */
const OVERDRAFT = 1;

/** The most buckets that are kept, at about 150 bytes each. A bucket that has not been used for long is full again. */
const BUCKETS_MAX = 50_000;

/**
 * Token buckets in memory, one for each subject. A bucket is stored as one number, the time at which it will be full
 * (the generic cell rate algorithm), so a request costs one lookup and no timer.
 */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #msPerToken: number;
  readonly #msToFill: number;
  readonly #msMissingMax: number;
  readonly #fullAtMs: QuickLRU<string, number>;
  readonly #taken: TakenTokens | undefined;

  constructor(rate: Rate, maxBuckets = BUCKETS_MAX, shared?: SharedBuckets) {
    this.#rate = rate;
    this.#msPerToken = 1000 / rate.perSecond;
    this.#msToFill = rate.burst * this.#msPerToken;
    // QuickLRU holds up to twice its `maxSize`.
    this.#fullAtMs = new QuickLRU({ maxSize: Math.ceil(maxBuckets / 2) });
    this.#msMissingMax = this.#msToFill * (shared === undefined ? 1 : 1 + OVERDRAFT);
    if (shared !== undefined && rate.perSecond > 0) this.#taken = this.#share(shared);
  }

  /** Takes a token of the subject's bucket if it has one. `nowMs` may go back; a bucket is only overdrawn by other workers. */
  take(subject: string, nowMs: number): Taken {
    if (this.#rate.perSecond === 0) return UNLIMITED;
    const fullAtMs = this.#fullAtMs.get(subject) ?? 0;
    const msMissing = Math.min(Math.max(fullAtMs - nowMs, 0), this.#msMissingMax);
    const msMissingAfter = msMissing + this.#msPerToken;
    // Rounded, because the times of many tokens do not add up exactly.
    const msOver = Math.round((msMissingAfter - this.#msToFill) * 1000) / 1000;
    if (msOver > 0) return { granted: false, remaining: 0, resetSeconds: Math.ceil(msOver / 1000) };
    this.#fullAtMs.set(subject, nowMs + msMissingAfter);
    this.#taken?.add(subject, this.#msPerToken);
    const remaining = Math.floor((this.#msToFill - msMissingAfter) / this.#msPerToken + 1e-6);
    return { granted: true, remaining, resetSeconds: Math.ceil(msMissingAfter / 1000) };
  }

  #share({ limits, name, now }: SharedBuckets): TakenTokens {
    const taken = limits.taken(name, this.#msToFill);
    taken.onDebit = (subject, ms) => {
      const nowMs = now();
      const fullAtMs = Math.max(this.#fullAtMs.get(subject) ?? 0, nowMs);
      this.#fullAtMs.set(subject, Math.min(fullAtMs + ms, nowMs + this.#msMissingMax));
    };
    return taken;
  }
}

const UNLIMITED: Taken = { granted: true, remaining: Number.POSITIVE_INFINITY, resetSeconds: 0 };
