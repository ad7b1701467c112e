import { expect, test } from 'vitest';
import { Watcher } from '../../src/bank/stream/postings-feed.ts';

const LONG_MS = 60_000;

test('a posting between two waits ends the next wait, once', async () => {
  const watcher = new Watcher(() => {});
  watcher.notify();
  watcher.notify();
  expect(await watcher.next(LONG_MS)).toBe('posting');
  expect(await watcher.next(1)).toBe('timeout');
});

test('a posting ends a wait', async () => {
  const watcher = new Watcher(() => {});
  const waking = watcher.next(LONG_MS);
  watcher.notify();
  expect(await waking).toBe('posting');
  expect(await watcher.next(1)).toBe('timeout');
});

test('closing ends the current wait and all later ones', async () => {
  const left: Watcher[] = [];
  const watcher = new Watcher((leaving) => left.push(leaving));
  const waking = watcher.next(LONG_MS);
  watcher.close();
  expect(await waking).toBe('closed');
  expect(await watcher.next(LONG_MS)).toBe('closed');
  expect(left).toEqual([watcher]);
});
