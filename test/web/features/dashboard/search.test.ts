import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SearchResult } from '../../../../src/web/api/bank.ts';
import { createSearch, type Search } from '../../../../src/web/features/dashboard/transactions/search.ts';

interface Request {
  term: string;
  signal: AbortSignal;
  respond(found: SearchResult): void;
  fail(error: unknown): void;
}

const NOTHING: SearchResult = { transactions: [], complete: true, nextCursor: null };

let requests: Request[];
let search: Search;
beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  search = createSearch((term, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<SearchResult>();
    requests.push({ term, signal, respond: resolve, fail: reject });
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
const terms = (): string[] => requests.map(({ term }) => term);

test('nothing is searched for below three characters', async () => {
  await typeSlowly(' bo ');
  expect(search.state.get()).toEqual({ phase: 'short', missing: 1 });
  await typeSlowly('👍👍');
  expect(search.state.get()).toEqual({ phase: 'short', missing: 1 });
  await typeSlowly('   ');
  expect(search.state.get()).toEqual({ phase: 'off' });
  expect(requests).toEqual([]);
});

test('a term is searched for when typing has paused for 250 ms, without surrounding spaces', async () => {
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

test('a running search is aborted when the text changes, and its late response is ignored', async () => {
  await typeSlowly('book');
  await typeSlowly('train');
  expect(requests[0]?.signal.aborted).toBe(true);
  requests[1]?.respond(NOTHING);
  await vi.advanceTimersByTimeAsync(0);
  requests[0]?.respond({ ...NOTHING, complete: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toEqual({ phase: 'found', term: 'train', found: { ...NOTHING, term: 'train' } });
});

test('results stay until there are newer ones or the field is cleared', async () => {
  await typeSlowly('book');
  requests[0]?.respond(NOTHING);
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

test('a failed search is reported and can be repeated', async () => {
  await typeSlowly('book');
  requests[0]?.fail(new Error('no'));
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toMatchObject({ phase: 'failed', term: 'book' });
  search.now();
  requests[1]?.respond(NOTHING);
  await vi.advanceTimersByTimeAsync(0);
  expect(search.state.get()).toMatchObject({ phase: 'found', term: 'book' });
  search.now();
  expect(terms()).toEqual(['book', 'book']);
});
