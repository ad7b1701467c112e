import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlotOwners } from '../../../src/redis/cluster/slot-owners.ts';
import { type OwnersBySlot, SLOT_COUNT } from '../../../src/redis/cluster/slots.ts';

const LEASE_MS = 1000;
const POLL_MS = 200;
const SLOT = 7;

/** Every slot at the first of the nodes, except one slot each for the other nodes. */
const served = (first: string, ...others: string[]): OwnersBySlot =>
  Array.from({ length: SLOT_COUNT }, (_, slot) => others[slot - 100] ?? first);

const BEFORE = served('a', 'b', 'c');
const AFTER = served('x', 'b', 'c');

/** What a process that has been running for some time knows. @returns it, and the time */
function running(): { owners: SlotOwners; nowMs: number } {
  const owners = new SlotOwners(LEASE_MS);
  let nowMs = 0;
  for (; nowMs <= 2 * LEASE_MS; nowMs += POLL_MS)
    for (const node of ['a', 'b', 'c']) owners.record(node, BEFORE, nowMs, nowMs);
  return { owners, nowMs };
}

describe('the owners of slots', () => {
  test('a node is used only once more than half of the primaries have named it for a lease', () => {
    const owners = new SlotOwners(LEASE_MS);
    for (let nowMs = 0; nowMs < 2 * LEASE_MS; nowMs += POLL_MS) owners.record('a', BEFORE, nowMs, nowMs);
    expect(owners.ownerOf(SLOT)).toBeUndefined();
    for (let nowMs = 2000; nowMs <= 3000; nowMs += POLL_MS) {
      expect(owners.ownerOf(SLOT)).toBeUndefined();
      for (const node of ['a', 'b']) owners.record(node, BEFORE, nowMs, nowMs);
    }
    expect(owners.isConfirmed(SLOT, 'a', 3000)).toBe(true);
    expect(owners.isComplete(3000)).toBe(true);
  });

  test('a node whose majority has been silent for a lease is not used, and its replies are not believed', () => {
    const { owners, nowMs } = running();
    owners.record('a', BEFORE, nowMs + LEASE_MS, nowMs + LEASE_MS);
    expect(owners.isConfirmed(SLOT, 'a', nowMs + LEASE_MS)).toBe(false);
    expect(owners.isReliable(SLOT, 'a', nowMs + LEASE_MS)).toBe(false);
  });

  test('replicas have no vote', () => {
    const { owners, nowMs } = running();
    for (const node of ['a', 'r1', 'r2', 'r3'])
      owners.record(node, BEFORE, nowMs + LEASE_MS, nowMs + LEASE_MS);
    expect(owners.isConfirmed(SLOT, 'a', nowMs + LEASE_MS)).toBe(false);
  });

  test('a node that gives up its slots itself is replaced at once', () => {
    const { owners, nowMs } = running();
    for (const node of ['a', 'b', 'c', 'x']) owners.record(node, AFTER, nowMs, nowMs);
    expect(owners.isConfirmed(SLOT, 'x', nowMs)).toBe(true);
  });

  test('a redirection is followed at once, and a reply from before it is still believed', () => {
    const { owners, nowMs } = running();
    owners.redirect(SLOT, 'a', 'b', nowMs);
    expect(owners.isConfirmed(SLOT, 'b', nowMs)).toBe(true);
    expect(owners.isConfirmed(SLOT, 'a', nowMs)).toBe(false);
    expect(owners.isReliable(SLOT, 'a', nowMs)).toBe(true);
  });

  test('after two seconds without a majority, a whole lease is waited again', () => {
    const { owners, nowMs } = running();
    const laterMs = nowMs + 3 * LEASE_MS;
    for (const node of ['a', 'b', 'c']) owners.record(node, BEFORE, laterMs, laterMs);
    expect(owners.ownerOf(SLOT)).toBeUndefined();
  });

  test('when a primary fails, no process uses its successor while another one still uses it', () => {
    const delay = fc.integer({ min: 0, max: 400 });
    const polls = fc.record({ phase: fc.integer({ min: 0, max: POLL_MS - 1 }), replyMs: delay });
    fc.assert(
      fc.property(fc.array(delay, { minLength: 2, maxLength: 2 }), polls, polls, (learned, one, other) => {
        const former = running();
        const successor = running();
        const usedMs = { former: 0, successor: Number.POSITIVE_INFINITY };
        for (let atMs = former.nowMs; atMs < former.nowMs + 4 * LEASE_MS; atMs += 10) {
          poll(former.owners, one, atMs, former.nowMs, learned);
          poll(successor.owners, other, atMs, former.nowMs, learned);
          if (former.owners.isReliable(SLOT, 'a', atMs)) usedMs.former = atMs;
          if (successor.owners.isConfirmed(SLOT, 'x', atMs))
            usedMs.successor = Math.min(usedMs.successor, atMs);
        }
        expect(usedMs.former).toBeLessThan(usedMs.successor);
        expect(usedMs.successor).toBeLessThan(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 10 },
    );
  });
});

/** Asks `b` and `c`, each of which learns of the successor at its own time. `a` is lost. */
function poll(
  owners: SlotOwners,
  { phase, replyMs }: { phase: number; replyMs: number },
  atMs: number,
  failedMs: number,
  learned: readonly number[],
): void {
  const askedAtMs = atMs - replyMs;
  if (Math.floor((askedAtMs - phase) / 10) % (POLL_MS / 10) !== 0) return;
  for (const [i, node] of ['b', 'c'].entries()) {
    const isLearned = askedAtMs - failedMs >= (learned[i] ?? 0);
    owners.record(node, isLearned ? AFTER : BEFORE, askedAtMs, atMs);
  }
}
