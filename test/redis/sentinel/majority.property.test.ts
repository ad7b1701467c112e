import fc from 'fast-check';
import { expect, test } from 'vitest';
import { majorityVote, type Statement } from '../../../src/redis/sentinel/majority.ts';

const statement = (sentinel: string, epoch: number, askedAtMs: number): Statement => ({
  sentinel,
  address: `10.0.0.${epoch}:6379`,
  epoch: `${epoch}`,
  askedAtMs,
});

/** What a process hears: for each Sentinel, when it asks and when the Sentinel receives the question. */
const questions = fc.array(fc.record({ askedAtMs: fc.nat(1000), delayMs: fc.nat(300) }), {
  minLength: 5,
  maxLength: 5,
});

test('once a majority named a new primary, no majority that was asked later names the former one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.array(fc.nat(1200), { minLength: 3, maxLength: 3 }), { minLength: 5, maxLength: 5 }),
      questions,
      questions,
      (count, switches, mine, yours) => {
        const epochAt = (n: number, ms: number): number => switches[n]?.filter((at) => at <= ms).length ?? 0;
        const voteOf = (asked: typeof mine) => {
          const heard = asked
            .slice(0, count)
            .map(({ askedAtMs, delayMs }, n) =>
              statement(`s${n}`, epochAt(n, askedAtMs + delayMs), askedAtMs),
            );
          return majorityVote(heard, count, -1);
        };
        const [one, other] = [voteOf(mine), voteOf(yours)];
        if (one === undefined || other === undefined || one.primary.epoch <= other.primary.epoch) return;
        const heardMs = Math.max(
          ...mine.slice(0, count).map(({ askedAtMs, delayMs }) => askedAtMs + delayMs),
        );
        expect(other.askedAtMs).toBeLessThanOrEqual(heardMs);
      },
    ),
    { numRuns: 2000 },
  );
});

test('half of the Sentinels are no majority', () => {
  expect(majorityVote([statement('a', 1, 10), statement('b', 1, 10)], 4, 0)).toBeUndefined();
  expect(majorityVote([statement('a', 1, 10), statement('b', 1, 12)], 3, 0)).toMatchObject({ askedAtMs: 10 });
});

test('a Sentinel that is configured under two addresses counts once', () => {
  expect(majorityVote([statement('a', 1, 10), statement('a', 1, 11)], 3, 0)).toBeUndefined();
});

test('a statement from before the lease does not count', () => {
  expect(majorityVote([statement('a', 1, 10), statement('b', 1, 5)], 3, 5)).toBeUndefined();
});

test('the same address in another epoch is another primary', () => {
  const former = { ...statement('b', 2, 10), epoch: '1' };
  expect(majorityVote([statement('a', 2, 10), former], 3, 0)).toBeUndefined();
});
