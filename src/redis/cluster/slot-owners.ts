import { type OwnersBySlot, SLOT_COUNT } from './slots.ts';
import { Views, withoutUndefined } from './views.ts';

/**
 * After so long without a majority, a slot may have moved away and back. Two failovers take longer: each takes
 * `cluster-node-timeout` (500 ms or more) and half a second for the election.
 */
const BLIND_MS = 2000;

/** What nodes repeat is counted again after this time. */
const ELECTION_INTERVAL_MS = 100;

/**
 * Decides which node serves each slot, so that no two processes use different nodes for a slot at the same time.
 *
 * A node is used only while more than half of the primaries have said within the last lease that it serves the slot. A
 * node that replaces another one is used once they have said so for a whole lease: by then no other process uses the
 * former node. A node that says itself that it no longer serves the slot gives no replies from it, so its successor is
 * used at once. All processes must have the same lease. Times are those of `performance.now()`.
 */
export class SlotOwners {
  readonly #leaseMs: number;
  readonly #views: Views;
  readonly #owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  /** The nodes that most primaries take for the owners, but that are not used yet: since when, and seen when last. */
  readonly #candidates: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  readonly #sinceMs = new Float64Array(SLOT_COUNT);
  readonly #seenAtMs = new Float64Array(SLOT_COUNT);
  #hasCandidates = true;
  /** Successors that the former owners have named, until the other primaries have had time to learn it. */
  readonly #namedUntilMs = new Map<number, Map<string, number>>();
  #used: ReadonlySet<string> | undefined;
  #electedAtMs = Number.NEGATIVE_INFINITY;
  #majorityAtMs = Number.NEGATIVE_INFINITY;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
    this.#views = new Views(leaseMs);
  }

  /** All nodes that are used, and those that any node takes for an owner. */
  get nodes(): ReadonlySet<string> {
    this.#used ??= withoutUndefined(this.#owners);
    return this.#used.union(this.#views.primaries);
  }

  /** Records what a node says. What it said before no longer counts. */
  record(from: string, owners: OwnersBySlot, askedAtMs: number, nowMs: number): void {
    const isChanged = this.#views.record(from, owners, askedAtMs, nowMs);
    this.#forgetIfBlind(nowMs);
    if (isChanged || this.#isElectionDue(nowMs)) this.#elect(nowMs);
  }

  /** Records that `from`, which was asked at `askedAtMs`, named `to` as the owner of the slot. */
  redirect(slot: number, from: string, to: string, askedAtMs: number): void {
    if (this.#owners[slot] !== from) return;
    this.#use(slot, to);
    this.#candidates[slot] = undefined;
    const named = this.#namedUntilMs.get(slot) ?? new Map<string, number>();
    this.#namedUntilMs.set(slot, named.set(to, askedAtMs + this.#leaseMs));
  }

  /** The node that serves the slot, whether or not it may be used now. */
  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** Whether `owner` serves the slot and may be used. */
  isConfirmed(slot: number, owner: string, nowMs: number): boolean {
    return this.#owners[slot] === owner && this.isReliable(slot, owner, nowMs);
  }

  /**
   * Whether a reply that `owner` has just given may be believed: no process uses another node yet, or the owner itself
   * has given up the slot after the reply.
   */
  isReliable(slot: number, owner: string, nowMs: number): boolean {
    const untilMs = this.#namedUntilMs.get(slot)?.get(owner) ?? 0;
    return nowMs < untilMs || this.#views.isNamed(owner, slot, nowMs);
  }

  /** Whether every slot has a node that may be used. */
  isComplete(nowMs: number): boolean {
    return this.#owners.every((owner, slot) => {
      if (owner === undefined) return false;
      return this.#isLikePrevious(slot) || this.isConfirmed(slot, owner, nowMs);
    });
  }

  /** Whether more than half of the primaries have replied within the last lease. */
  hasMajority(nowMs: number): boolean {
    const voters = this.#views.voters(nowMs);
    return voters.length >= this.#views.majority(voters);
  }

  /** After a time in which slots may have moved away and back, everything is learned as at the start. */
  #forgetIfBlind(nowMs: number): void {
    if (!this.hasMajority(nowMs)) return;
    if (nowMs - this.#majorityAtMs > BLIND_MS) {
      this.#owners.fill(undefined);
      this.#used = undefined;
      this.#candidates.fill(undefined);
      this.#hasCandidates = true;
      this.#namedUntilMs.clear();
    }
    this.#majorityAtMs = nowMs;
  }

  #isElectionDue(nowMs: number): boolean {
    return this.#hasCandidates && nowMs - this.#electedAtMs >= ELECTION_INTERVAL_MS;
  }

  #elect(nowMs: number): void {
    this.#electedAtMs = nowMs;
    this.#hasCandidates = false;
    const elected = this.#views.elected(SLOT_COUNT, nowMs);
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
      const owner = elected[slot];
      if (owner === undefined) this.#hasCandidates = true;
      else if (owner === this.#owners[slot]) this.#keep(slot);
      else this.#consider(slot, owner, nowMs);
    }
  }

  #keep(slot: number): void {
    this.#candidates[slot] = undefined;
    if (this.#namedUntilMs.size > 0) this.#namedUntilMs.delete(slot);
  }

  #consider(slot: number, elected: string, nowMs: number): void {
    const owner = this.#owners[slot];
    const isKnown = this.#candidates[slot] === elected && nowMs - (this.#seenAtMs[slot] ?? 0) <= BLIND_MS;
    if (!isKnown) this.#sinceMs[slot] = nowMs;
    this.#seenAtMs[slot] = nowMs;
    const hasWaited = nowMs - (this.#sinceMs[slot] ?? 0) >= this.#leaseMs;
    if (hasWaited || (owner !== undefined && this.#views.hasGivenUp(owner, slot, nowMs))) {
      this.#use(slot, elected);
      this.#keep(slot);
    } else {
      this.#candidates[slot] = elected;
      this.#hasCandidates = true;
    }
  }

  #use(slot: number, owner: string): void {
    this.#owners[slot] = owner;
    this.#used = undefined;
  }

  #isLikePrevious(slot: number): boolean {
    return (
      slot > 0 &&
      this.#owners[slot] === this.#owners[slot - 1] &&
      !this.#namedUntilMs.has(slot) &&
      !this.#namedUntilMs.has(slot - 1) &&
      this.#views.areAlike(slot, slot - 1)
    );
  }
}
