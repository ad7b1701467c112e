import { HeldShares } from './held-shares.ts';
import { type Amounts, TakenTokens } from './taken-tokens.ts';

/** Amounts by the name of the limit. */
export type AmountsByLimit = readonly (readonly [limit: string, amounts: Amounts])[];

/** What one worker tells about its clients, and what it is told about those of the others. */
export interface ShareReport {
  /** What has been taken from token buckets since the last report, in milliseconds. */
  taken: AmountsByLimit;
  /** What is held now, where that has changed. */
  held: AmountsByLimit;
}

/** Shares limits with other workers: each limiter registers itself by a name that is the same in all of them. */
export interface SharedLimits {
  taken(limit: string, msToFill: number): TakenTokens;
  held(limit: string, max: number): HeldShares;
}

interface ShareExchangeOptions {
  /** How many workers share the limits. */
  workers: number;
  send: (report: ShareReport) => void;
  /** How long changes are collected before they are reported. */
  intervalMs?: number;
}

/** How long changes are collected. The primary process takes up to 10 ms more. */
const REPORT_INTERVAL_MS = 40;

/** All workers together leave at most this part of a limit unreported. */
const UNREPORTED_PART = 1 / 32;

/**
 * Keeps limits across workers. Each enforces its own limiters without waiting for anybody, and reports what its notable
 * subjects have used; what others report is debited here. So all workers together exceed a limit by at most what they
 * grant in one interval, and a subject that goes on gets exactly the limit. Without traffic nothing is sent.
 */
export class ShareExchange implements SharedLimits {
  readonly #options: ShareExchangeOptions;
  readonly #taken = new Map<string, TakenTokens>();
  readonly #held = new Map<string, HeldShares>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ShareExchangeOptions) {
    this.#options = options;
  }

  /** @param msToFill how long an empty bucket takes to be full */
  taken(limit: string, msToFill: number): TakenTokens {
    const notableMs = (msToFill * UNREPORTED_PART) / this.#options.workers;
    const taken = new TakenTokens(notableMs, this.#schedule);
    this.#taken.set(limit, taken);
    return taken;
  }

  /** @param max how much a subject may hold at all workers together */
  held(limit: string, max: number): HeldShares {
    const { workers } = this.#options;
    const notable = Math.max(1, Math.floor((max * UNREPORTED_PART) / workers));
    const held = new HeldShares({ notable, equalPart: Math.ceil(max / workers) }, this.#schedule);
    this.#held.set(limit, held);
    return held;
  }

  /** Applies what the other workers have used. */
  receive({ taken, held }: ShareReport): void {
    for (const [limit, amounts] of taken)
      for (const [subject, ms] of amounts) this.#taken.get(limit)?.onDebit(subject, ms);
    for (const [limit, amounts] of held) this.#held.get(limit)?.receive(amounts);
  }

  /** Reports at once what has not been reported. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const report = { taken: drained(this.#taken), held: drained(this.#held) };
    if (report.taken.length + report.held.length > 0) this.#options.send(report);
  }

  readonly #schedule = (): void => {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.intervalMs ?? REPORT_INTERVAL_MS).unref();
  };
}

const drained = (limits: ReadonlyMap<string, { drain(): Amounts }>): AmountsByLimit =>
  [...limits]
    .map(([limit, amounts]): AmountsByLimit[number] => [limit, amounts.drain()])
    .filter(([, amounts]) => amounts.length > 0);
