import { describe, expect, test } from 'vitest';
import { commandOf, readOptions } from '../../soak/options.ts';
import { customerSteps, faultSteps } from '../../soak/plan/steps.ts';
import { grownKinds, type KeyCounts, kindOf } from '../../soak/report/lasting-keys.ts';

const first = <T>(steps: Iterable<T>, count: number): T[] => {
  const taken: T[] = [];
  for (const step of steps) if (taken.push(step) === count) break;
  return taken;
};

describe('the plan of a soak', () => {
  test('is the same for the same seed', () => {
    const steps = (): unknown => first(customerSteps(7, 'customer 0', 100), 500);
    const faults = (): unknown => first(faultSteps(7, ['a', 'b', 'c'], 1000), 100);
    expect(steps()).toEqual(steps());
    expect(faults()).toEqual(faults());
  });

  test('is another one for another seed, and for another actor', () => {
    const names = (seed: number, actor: string): string =>
      first(customerSteps(seed, actor, 100), 50)
        .map(({ name }) => name)
        .join();
    expect(names(1, 'customer 0')).not.toBe(names(2, 'customer 0'));
    expect(names(1, 'customer 0')).not.toBe(names(1, 'customer 1'));
  });

  test('has every operation and every fault', () => {
    const names = new Set(first(customerSteps(1, 'customer 0', 100), 2000).map(({ name }) => name));
    expect(names.size).toBe(13);
    expect(new Set(first(faultSteps(1, ['a', 'b', 'c'], 1000), 100).map(({ name }) => name)).size).toBe(3);
  });
});

describe('the command line of a soak', () => {
  test('prints the command that runs the same operations again', () => {
    const options = readOptions([
      '--minutes',
      '2',
      '--seed',
      '5',
      '--redis',
      'cluster',
      '--fault-gap-ms',
      '99',
    ]);
    const [, again = ''] = commandOf(options).split(' -- ');
    expect(readOptions(again.split(' '))).toEqual(options);
  });

  test.for([
    ['--redis', 'none'],
    ['--minutes', '0'],
    ['--speed', '3'],
  ])('rejects %s %s', (args) => {
    expect(() => readOptions(args)).toThrow(args[0]);
  });
});

describe('keys without a TTL', () => {
  const counts = (kinds: Record<string, number>): KeyCounts =>
    new Map(Object.entries(kinds).map(([kind, endless]) => [kind, { all: endless + 5, endless }]));

  test('are counted by kind', () => {
    expect(kindOf('sid:{u}:s')).toBe('sid');
    expect(kindOf('ledger:{bank}:account:a')).toBe('ledger:account');
    expect(kindOf('usernames')).toBe('usernames');
  });

  test('are found if they become more, apart from the lasting ones', () => {
    const before = counts({ session: 0, user: 5, authz: 4 });
    expect(grownKinds(before, counts({ session: 0, user: 9, authz: 5 }))).toEqual([]);
    expect(grownKinds(before, counts({ session: 2, active: 1 }))).toEqual([
      'keys session without a TTL: 0 early on, 2 at the end',
      'keys active without a TTL: 0 early on, 1 at the end',
    ]);
  });
});
