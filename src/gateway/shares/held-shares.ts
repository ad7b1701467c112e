import type { Amounts } from './taken-tokens.ts';

/**
 * What the subjects of one limit hold at present: requests, streams or connections. A worker reports the subjects that
 * hold a notable number, whenever it has changed, and counts what they hold at the other workers.
 */
export class HeldShares {
  /** How much of the maximum each worker has if all have the same. */
  readonly equalPart: number;
  readonly #notable: number;
  readonly #onDue: () => void;
  readonly #reported = new Map<string, number>();
  readonly #others = new Map<string, number>();
  #changed = new Map<string, number>();

  /** @param onDue called whenever something has to be reported */
  constructor({ notable, equalPart }: { notable: number; equalPart: number }, onDue: () => void) {
    this.equalPart = equalPart;
    this.#notable = notable;
    this.#onDue = onDue;
  }

  /** How much a subject holds at the other workers, as last reported. */
  elsewhere(subject: string): number {
    return this.#others.get(subject) ?? 0;
  }

  /** Notes how much a subject holds at this worker now. */
  note(subject: string, held: number): void {
    if (held < this.#notable && !this.#reported.has(subject) && !this.#changed.has(subject)) return;
    this.#changed.set(subject, held);
    this.#onDue();
  }

  /** Replaces what subjects hold at the other workers. */
  receive(others: Amounts): void {
    for (const [subject, held] of others)
      if (held === 0) this.#others.delete(subject);
      else this.#others.set(subject, held);
  }

  /** What has changed and has to be reported, which counts as reported then. Less than a notable number is 0. */
  drain(): Amounts {
    if (this.#changed.size === 0) return [];
    const changed = this.#changed;
    this.#changed = new Map();
    return [...changed]
      .map(([subject, held]): Amounts[number] => [subject, held < this.#notable ? 0 : held])
      .filter((entry) => this.#isNew(entry));
  }

  #isNew([subject, held]: Amounts[number]): boolean {
    if ((this.#reported.get(subject) ?? 0) === held) return false;
    if (held === 0) this.#reported.delete(subject);
    else this.#reported.set(subject, held);
    return true;
  }
}
