import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReadTurns } from '../../../src/gateway/turns/read-turns.ts';

const CHUNK_BYTES = 64 * 1024;

test('at most 128 KiB of large chunks are parsed in one turn of the event loop, in the order in which they wait', async () => {
  const turns = new ReadTurns();
  const parsed: number[] = [];
  for (let n = 0; n < 10; n += 1)
    if (turns.take(CHUNK_BYTES)) parsed.push(n);
    else turns.wait(() => void parsed.push(n));
  const parsedByTurn = [parsed.length];
  while (parsed.length < 10) {
    await nextTurn();
    parsedByTurn.push(parsed.length);
  }
  const increases = parsedByTurn.map((count, n) => count - (parsedByTurn[n - 1] ?? 0));
  expect(Math.max(...increases)).toBe(2);
  expect(parsed).toEqual(Array.from({ length: 10 }, (_, n) => n));
});

test('small chunks are parsed at once, however many large ones wait', () => {
  const turns = new ReadTurns();
  while (turns.take(CHUNK_BYTES));
  turns.wait(() => {});
  expect(turns.take(CHUNK_BYTES)).toBe(false);
  expect(turns.take(1024)).toBe(true);
});

test('once 512 connections wait, chunks are parsed at once, so that what waits has a bounded size', () => {
  const turns = new ReadTurns();
  while (turns.take(CHUNK_BYTES));
  for (let n = 0; n < 512; n += 1) turns.wait(() => {});
  expect(turns.take(CHUNK_BYTES)).toBe(true);
});
