import type { Outcome, Recorded } from './operation.ts';

/**
 * How long a revocation whose outcome is unknown may still take effect after it returned: Redis or a gateway may run it
 * when it is thawed.
 */
const LATE_EFFECT_MS = 10_000;

/** A session or a signing key: once revoked, revoked for good. */
export class Revocable {
  /** How many operations may have revoked it. */
  possibleCount = 0;
  /** The first operation that has revoked it for certain, and returned. */
  certain: Recorded | undefined;

  mayBeRevoked(): void {
    this.possibleCount += 1;
  }

  isRevokedBy(op: Recorded): void {
    this.certain ??= op;
  }

  /** The revocation that had returned before `op` could have been checked for the last time. */
  revokedBefore(op: Recorded): Recorded | undefined {
    const { certain } = this;
    return certain?.returnedMs !== undefined && certain.returnedMs < op.sentMs ? certain : undefined;
  }
}

/** What can be taken away and given back, by one operation at a time. On at first. */
export class Switch {
  #state: 'on' | 'off' | 'uncertain' = 'on';
  /** The operation that set the state, when it has returned. */
  #setBy: Recorded | undefined;
  /** When the state was last observed to begin. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #before: 'on' | 'off' | 'uncertain' = 'on';
  #changing = 0;

  called(): void {
    this.#before = this.#changing === 0 ? this.#state : 'uncertain';
    this.#changing += 1;
    this.#state = 'uncertain';
  }

  returned(op: Recorded, on: boolean, outcome: Outcome): void {
    this.#changing -= 1;
    if (this.#changing > 0) return;
    if (outcome === 'ok') this.#state = on ? 'on' : 'off';
    else this.#state = outcome === 'unknown' ? 'uncertain' : this.#before;
    this.#sinceMs = op.returnedMs ?? 0;
    if (outcome !== 'denied' && outcome !== 'refused') this.#setBy = op;
  }

  /** What was given back may be lost. What was taken away may not: that is a revocation. */
  mayHaveLost(): void {
    if (this.#state === 'on') this.#state = 'uncertain';
  }

  /** The operation that has switched it off for all of `op`. */
  offDuring(op: Recorded): Recorded | undefined {
    return this.#state === 'off' && this.#sinceMs < op.sentMs ? this.#setBy : undefined;
  }

  wasOnDuring(op: Recorded): boolean {
    return this.#state === 'on' && this.#sinceMs < op.calledMs;
  }
}

/** A revocation of all sessions of a user, as far as it concerns logins. */
export interface UserRevocation {
  op: Recorded;
  /** A login that was called before this time may have been hit. */
  untilMs: number;
}

/** When a revocation that has returned can no longer have an effect. */
export const effectiveUntil = (op: Recorded): number =>
  (op.returnedMs ?? Number.POSITIVE_INFINITY) + (op.outcome === 'unknown' ? LATE_EFFECT_MS : 0);
