import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { RequestTurns } from '../../../src/gateway/turns/request-turns.ts';

/** Turns whose requests note their names in `begun`. */
function recordedTurns() {
  const begun: string[] = [];
  const turns = new RequestTurns();
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

test('a network with many requests delays only its own', async () => {
  const { begun, turns, take } = recordedTurns();
  for (let n = 0; n < 20; n += 1) take('flood', 'flood');
  for (const name of ['alice', 'bob']) take(name, name);
  while (turns.networks > 0) await nextTurn();
  expect(begun).toHaveLength(22);
  expect(begun.indexOf('alice')).toBeLessThan(4);
  expect(begun.indexOf('bob')).toBeLessThan(4);
});
