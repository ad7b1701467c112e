import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadTurns } from '../../../src/gateway/turns/read-turns.ts';

const CHUNK_BYTES = 64 * 1024;

test('at most 128 KiB of large chunks are parsed in one turn of the event loop, in the order in which they wait', async () => {
  const turns = new ReadTurns();
  const parsed: number[] = [];
  for (let n = 0; n < 10; n += 1)
    if (turns.take(CHUNK_BYTES) === 'now') parsed.push(n);
    else turns.wait('one', () => void parsed.push(n));
  const parsedByTurn = [parsed.length];
  while (parsed.length < 10) {
    await nextTurn();
    parsedByTurn.push(parsed.length);
  }
  const increases = parsedByTurn.map((count, n) => count - (parsedByTurn[n - 1] ?? 0));
  expect(Math.max(...increases)).toBe(2);
  expect(parsed).toEqual(Array.from({ length: 10 }, (_, n) => n));
});

/** Turns of which none is left now. */
function usedTurns(): ReadTurns {
  const turns = new ReadTurns();
  while (turns.take(CHUNK_BYTES) === 'now');
  return turns;
}

test('small chunks are parsed at once, however many large ones wait', () => {
  const turns = usedTurns();
  turns.wait('one', () => {});
  expect(turns.take(CHUNK_BYTES)).toBe('later');
  expect(turns.take(1024)).toBe('now');
});

test('once 512 connections wait with a chunk, a further one parses it at once and waits before the next one', () => {
  const turns = usedTurns();
  for (let n = 0; n < 511; n += 1) turns.wait('one', () => {});
  expect(turns.take(CHUNK_BYTES)).toBe('later');
  turns.wait('one', () => {});
  expect(turns.take(CHUNK_BYTES)).toBe('now-then-wait');
});

test('of 600 connections that wait, at most two go on in each turn of the event loop', async () => {
  const turns = usedTurns();
  let resumed = 0;
  const resume = (): void => {
    resumed += 1;
  };
  for (let n = 0; n < 600; n += 1) turns.wait('one', resume);
  for (let before = 0; before < 600; before = resumed) {
    await nextTurn();
    expect(resumed - before).toBeLessThanOrEqual(2);
    expect(resumed).toBeGreaterThan(before);
  }
});

test('a network with many large chunks delays only its own', async () => {
  const turns = usedTurns();
  const resumed: string[] = [];
  for (let n = 0; n < 100; n += 1) turns.wait('flood', () => void resumed.push('flood'));
  turns.wait('other', () => void resumed.push('other'));
  while (!resumed.includes('other')) await nextTurn();
  expect(resumed.length).toBeLessThanOrEqual(4);
});
