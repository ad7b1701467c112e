import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Found } from '../../../src/web/api/bank.ts';
import { createSearch, type Search } from '../../../src/web/features/dashboard/transactions/search.ts';

interface Asked {
  term: string;
  signal: AbortSignal;
  answer(found: Found): void;
  fail(fault: unknown): void;
}

const NOTHING: Found = { transactions: [], complete: true };

let asked: Asked[];
let search: Search;
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  search = createSearch((term, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    asked.push({ term, signal, answer: resolve, fail: reject });
    return promise;
  });
});
afterEach(() => {
  search.stop();
  vi.useRealTimers();
});

const typeSlowly = async (text: string): Promise<void> => {
  search.type(text);
  await vi.advanceTimersByTimeAsync(250);
};
const terms = (): string[] => asked.map(({ term }) => term);

test('nothing is asked for below three characters, however they are written', async () => {
  await typeSlowly(' bo ');
  expect(search.state.get()).toEqual({ phase: 'short', missing: 1 });
  await typeSlowly('👍👍');
  expect(search.state.get()).toEqual({ phase: 'short', missing: 1 });
  await typeSlowly('   ');
  expect(search.state.get()).toEqual({ phase: 'off' });
  expect(asked).toEqual([]);
});

test('only what stands still for a quarter of a second is searched for, without the spaces around it', async () => {
  for (const text of ['boo', 'book', 'books ']) {
    search.type(text);
    await vi.advanceTimersByTimeAsync(249);
  }
  expect(terms()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(terms()).toEqual(['books']);
  await typeSlowly('books');
  expect(terms()).toEqual(['books']);
});

test('what is under way is given up when the text changes, and an answer that still comes is dropped', async () => {
  await typeSlowly('book');
  await typeSlowly('train');
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[1]?.answer(NOTHING);
  await vi.advanceTimersByTimeAsync(0);
  asked[0]?.answer({ ...NOTHING, complete: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toEqual({ phase: 'found', term: 'train', found: { ...NOTHING, term: 'train' } });
});

test('what was found stays until there is something newer, and goes when the field is empty', async () => {
  await typeSlowly('book');
  asked[0]?.answer(NOTHING);
  await vi.advanceTimersByTimeAsync(0);
  search.type('books');
  expect(search.state.get()).toEqual({
    phase: 'searching',
    term: 'books',
    found: { ...NOTHING, term: 'book' },
  });
  search.type('');
  expect(search.state.get()).toEqual({ phase: 'off' });
  await vi.advanceTimersByTimeAsync(1000);
  expect(terms()).toEqual(['book']);
});

test('a failure is told, and the same can be searched for again', async () => {
  await typeSlowly('book');
  asked[0]?.fail(new Error('no'));
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toMatchObject({ phase: 'fault', term: 'book' });
  search.now();
  asked[1]?.answer(NOTHING);
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toMatchObject({ phase: 'found', term: 'book' });
  search.now();
  expect(terms()).toEqual(['book', 'book']);
});
