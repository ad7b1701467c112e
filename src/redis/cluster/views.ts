import type { OwnersBySlot } from './slots.ts';

/** What a node says of the slots. */
interface View {
  owners: OwnersBySlot;
  /** When it was asked. What it says was true at that time or later. */
  askedAtMs: number;
  /** The primaries that it knows. */
  primaries: ReadonlySet<string>;
  /** Whether it is one of them itself. Only primaries have a vote. */
  isPrimary: boolean;
  /** What it said before this. */
  former: Omit<View, 'former'> | undefined;
}

/** What the nodes of a Cluster have said lately. What is older than a lease counts no longer. */
export class Views {
  readonly #leaseMs: number;
  readonly #views = new Map<string, View>();
  #list: readonly View[] = [];

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** All nodes that any node takes for an owner. */
  get primaries(): ReadonlySet<string> {
    return this.#list.reduce((all, { primaries }) => all.union(primaries), new Set<string>());
  }

  /** Replaces what a node said before. Returns whether it says something else now. */
  record(from: string, owners: OwnersBySlot, askedAtMs: number, nowMs: number): boolean {
    const former = this.#views.get(from);
    const isChanged = former?.owners !== owners;
    const primaries = isChanged ? withoutUndefined(owners) : former.primaries;
    const isPrimary = primaries.has(from);
    this.#views.set(from, {
      ...{ owners, askedAtMs, primaries, isPrimary },
      former: isChanged ? former : former.former,
    });
    for (const [node, view] of this.#views)
      if (view.askedAtMs < nowMs - 2 * this.#leaseMs) this.#views.delete(node);
    this.#list = [...this.#views.values()];
    return isChanged;
  }

  /** What primaries say that have been asked within the last lease. */
  voters(nowMs: number): View[] {
    return this.#list.filter((view) => view.isPrimary && this.#isRecent(view, nowMs));
  }

  /** How many primaries are more than half of all, as far as the voters know. */
  majority(voters: readonly View[]): number {
    return Math.floor(Math.max(0, ...voters.map(({ primaries }) => primaries.size)) / 2) + 1;
  }

  /** Whether more than half of the primaries have named this owner of the slot within the last lease. */
  isNamed(owner: string, slot: number, nowMs: number): boolean {
    let votes = 0;
    let primaries = 0;
    for (const view of this.#list) {
      if (!view.isPrimary || !this.#isRecent(view, nowMs)) continue;
      primaries = Math.max(primaries, view.primaries.size);
      if (this.#names(view, owner, slot, nowMs)) votes += 1;
    }
    return votes > primaries / 2;
  }

  /** The node that most primaries take for the owner of each slot. */
  elected(slots: number, nowMs: number): OwnersBySlot {
    const voters = this.voters(nowMs);
    const majority = this.majority(voters);
    const all = new Array<string | undefined>(slots);
    let elected: string | undefined;
    for (let slot = 0; slot < slots; slot += 1) {
      if (slot === 0 || voters.some(({ owners }) => owners[slot] !== owners[slot - 1]))
        elected = voters
          .map(({ owners }) => owners[slot])
          .find((owner) => voters.filter(({ owners }) => owners[slot] === owner).length >= majority);
      all[slot] = elected;
    }
    return all;
  }

  /** Whether the node itself has said that it does not serve the slot. */
  hasGivenUp(node: string, slot: number, nowMs: number): boolean {
    const view = this.#views.get(node);
    return view !== undefined && this.#isRecent(view, nowMs) && view.owners[slot] !== node;
  }

  /** Whether every node says the same of two slots. */
  areAlike(slot: number, other: number): boolean {
    return this.#list.every(({ owners }) => owners[slot] === owners[other]);
  }

  #names({ owners, former }: View, owner: string, slot: number, nowMs: number): boolean {
    if (owners[slot] === owner) return true;
    return former?.isPrimary === true && former.owners[slot] === owner && this.#isRecent(former, nowMs);
  }

  #isRecent({ askedAtMs }: Pick<View, 'askedAtMs'>, nowMs: number): boolean {
    return askedAtMs >= nowMs - this.#leaseMs;
  }
}

export const withoutUndefined = (owners: OwnersBySlot): Set<string> =>
  new Set(owners.filter((owner) => owner !== undefined));
