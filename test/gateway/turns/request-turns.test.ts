import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RequestTurns } from '../../../src/gateway/turns/request-turns.ts';

/** Turns whose requests note their names in `begun`. Their clock stands still: nothing else takes time in a turn. */
function recordedTurns() {
  const begun: string[] = [];
  const turns = new RequestTurns(() => 0);
  const take = (network: string, name: string): void => turns.take(network, () => void begun.push(name));
  return { begun, turns, take };
}

test('a request that is alone is begun at once', async () => {
  const { begun, take } = recordedTurns();
  take('one', 'first');
  expect(begun).toEqual(['first']);
  await nextTurn();
  await nextTurn();
  take('one', 'second');
  expect(begun).toEqual(['first', 'second']);
});

test('of requests that take turns, at most one is begun in each turn of the event loop', async () => {
  const { begun, take } = recordedTurns();
  for (let n = 0; n < 10; n += 1) take('one', `${n}`);
  const begunByTurn = [begun.length];
  while (begun.length < 10) {
    await nextTurn();
    begunByTurn.push(begun.length);
  }
  const increases = begunByTurn.slice(1).map((count, n) => count - (begunByTurn[n] ?? 0));
  expect(begunByTurn[0]).toBe(1);
  expect(Math.max(...increases)).toBe(1);
  expect(begun).toEqual(Array.from({ length: 10 }, (_, n) => `${n}`));
});

test('if everything else takes 40 ms of each turn, requests that take turns get 10 ms of it', async () => {
  const clock = { nowMs: 0 };
  const turns = new RequestTurns(() => clock.nowMs);
  let begun = 0;
  const start = (): void => {
    begun += 1;
    clock.nowMs += 1;
  };
  for (let n = 0; n < 100; n += 1) turns.take('one', start);
  const begunByTurn: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const before = begun;
    clock.nowMs += 40;
    await nextTurn();
    begunByTurn.push(begun - before);
  }
  expect(begunByTurn).toEqual([10, 10, 10]);
});

test('a network with many requests delays only its own', async () => {
  const { begun, turns, take } = recordedTurns();
  for (let n = 0; n < 20; n += 1) take('flood', 'flood');
  for (const name of ['alice', 'bob']) take(name, name);
  while (turns.networks > 0) await nextTurn();
  expect(begun).toHaveLength(22);
  expect(begun.indexOf('alice')).toBeLessThan(4);
  expect(begun.indexOf('bob')).toBeLessThan(4);
});
