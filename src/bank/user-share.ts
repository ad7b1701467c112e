/** Limits how many of something each user has at the same time, in this process. */
export class UserShare {
  readonly #max: number;
  readonly #taken = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** How many are taken, over all users. */
  get total(): number {
    return this.#taken.values().reduce((sum, taken) => sum + taken, 0);
  }

  /** Takes one for the user, and returns a function that gives it back; undefined if the user has the maximum. */
  take(sub: string): (() => void) | undefined {
    const taken = this.#taken.get(sub) ?? 0;
    if (taken >= this.#max) return undefined;
    this.#taken.set(sub, taken + 1);
    let isReturned = false;
    return () => {
      if (!isReturned) this.#giveBack(sub);
      isReturned = true;
    };
  }

  #giveBack(sub: string): void {
    const left = (this.#taken.get(sub) ?? 0) - 1;
    if (left > 0) this.#taken.set(sub, left);
    else this.#taken.delete(sub);
  }
}
