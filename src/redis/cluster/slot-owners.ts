import { type OwnersBySlot, SLOT_COUNT } from './slots.ts';

/**
 * After so long without a majority, a slot may have moved away and back. Two failovers take longer: each takes
 * `cluster-node-timeout` (500 ms or more) and half a second for the election.
 */
const BLIND_MS = 2000;

/** What a node says of the slots. */
interface View {
  owners: OwnersBySlot;
  /** When it was asked. What it says was true at that time or later. */
  askedAtMs: number;
  /** The primaries that it knows. */
  primaries: ReadonlySet<string>;
  /** Whether it is one of them itself. Only primaries have a vote. */
  isPrimary: boolean;
}

/** A node that most primaries take for the owner of a slot, but that is not used yet. */
interface Candidate {
  owner: string;
  sinceMs: number;
  seenAtMs: number;
}

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
  readonly #views = new Map<string, View>();
  readonly #owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  readonly #candidates = new Map<number, Candidate>();
  /** Successors that the former owners have named, until the other primaries have had time to learn it. */
  readonly #namedUntilMs = new Map<number, number>();
  #used: ReadonlySet<string> | undefined;
  #majorityAtMs = Number.NEGATIVE_INFINITY;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** All nodes that are used, and those that any node takes for an owner. */
  get nodes(): ReadonlySet<string> {
    this.#used ??= withoutUndefined(this.#owners);
    let all: ReadonlySet<string> = this.#used;
    for (const { primaries } of this.#views.values()) all = all.union(primaries);
    return all;
  }

  /** Records what a node says. What it said before no longer counts. */
  record(from: string, owners: OwnersBySlot, askedAtMs: number, nowMs: number): void {
    const former = this.#views.get(from);
    const isChanged = former?.owners !== owners;
    const primaries = isChanged ? withoutUndefined(owners) : former.primaries;
    this.#views.set(from, { owners, askedAtMs, primaries, isPrimary: primaries.has(from) });
    for (const [node, view] of this.#views)
      if (view.askedAtMs < nowMs - 2 * this.#leaseMs) this.#views.delete(node);
    this.#forgetIfBlind(nowMs);
    if (isChanged || this.#candidates.size > 0 || this.#owners.includes(undefined)) this.#elect(nowMs);
  }

  /** Records that `from`, which was asked at `askedAtMs`, named `to` as the owner of the slot. */
  redirect(slot: number, from: string, to: string, askedAtMs: number): void {
    if (this.#owners[slot] !== from) return;
    this.#use(slot, to);
    this.#candidates.delete(slot);
    this.#namedUntilMs.set(slot, askedAtMs + this.#leaseMs);
  }

  /** The node that serves the slot, whether or not it may be used now. */
  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** Whether `owner` serves the slot and may be used, and whether a reply that it has just given may be believed. */
  isConfirmed(slot: number, owner: string, nowMs: number): boolean {
    if (this.#owners[slot] !== owner) return false;
    if (nowMs < (this.#namedUntilMs.get(slot) ?? 0)) return true;
    return this.#votesFor(owner, slot, this.#voters(nowMs)) >= this.#majority(nowMs);
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
    return this.#voters(nowMs).length >= this.#majority(nowMs);
  }

  /** After a time in which slots may have moved away and back, everything is learned as at the start. */
  #forgetIfBlind(nowMs: number): void {
    if (!this.hasMajority(nowMs)) return;
    if (nowMs - this.#majorityAtMs > BLIND_MS) {
      this.#owners.fill(undefined);
      this.#used = undefined;
      this.#candidates.clear();
      this.#namedUntilMs.clear();
    }
    this.#majorityAtMs = nowMs;
  }

  #elect(nowMs: number): void {
    const voters = this.#voters(nowMs);
    const majority = this.#majority(nowMs);
    let elected: string | undefined;
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
      if (!voters.every(({ owners }) => slot > 0 && owners[slot] === owners[slot - 1]))
        elected = voters
          .map(({ owners }) => owners[slot])
          .find((owner) => this.#votesFor(owner, slot, voters) >= majority);
      if (elected !== undefined) this.#prefer(slot, elected, nowMs);
    }
  }

  #prefer(slot: number, elected: string, nowMs: number): void {
    const owner = this.#owners[slot];
    const former = this.#candidates.get(slot);
    this.#candidates.delete(slot);
    if (owner === elected) this.#namedUntilMs.delete(slot);
    if (owner === elected) return;
    const isKnown = former?.owner === elected && nowMs - former.seenAtMs <= this.#leaseMs;
    const sinceMs = isKnown ? former.sinceMs : nowMs;
    if (nowMs - sinceMs >= this.#leaseMs || this.#hasGivenUp(slot, owner, nowMs)) {
      this.#use(slot, elected);
      this.#namedUntilMs.delete(slot);
    } else {
      this.#candidates.set(slot, { owner: elected, sinceMs, seenAtMs: nowMs });
    }
  }

  #use(slot: number, owner: string): void {
    this.#owners[slot] = owner;
    this.#used = undefined;
  }

  #hasGivenUp(slot: number, owner: string | undefined, nowMs: number): boolean {
    const view = owner === undefined ? undefined : this.#views.get(owner);
    return view !== undefined && view.askedAtMs >= nowMs - this.#leaseMs && view.owners[slot] !== owner;
  }

  #voters(nowMs: number): View[] {
    const sinceMs = nowMs - this.#leaseMs;
    return [...this.#views.values()].filter((view) => view.isPrimary && view.askedAtMs >= sinceMs);
  }

  #votesFor(owner: string | undefined, slot: number, voters: readonly View[]): number {
    return voters.reduce((votes, { owners }) => (owners[slot] === owner ? votes + 1 : votes), 0);
  }

  #majority(nowMs: number): number {
    return Math.floor(Math.max(0, ...this.#voters(nowMs).map(({ primaries }) => primaries.size)) / 2) + 1;
  }

  #isLikePrevious(slot: number): boolean {
    return (
      slot > 0 &&
      this.#owners[slot] === this.#owners[slot - 1] &&
      !this.#namedUntilMs.has(slot) &&
      !this.#namedUntilMs.has(slot - 1) &&
      [...this.#views.values()].every(({ owners }) => owners[slot] === owners[slot - 1])
    );
  }
}

const withoutUndefined = (owners: OwnersBySlot): Set<string> =>
  new Set(owners.filter((owner) => owner !== undefined));
