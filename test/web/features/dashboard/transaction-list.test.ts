import { expect, test } from 'vitest';
import type { Transaction } from '../../../../src/web/api/bank.ts';
import {
  compareIds,
  createList,
  isFresh,
  isGapBefore,
  type TransactionList,
  withNewestPage,
  withNewTransactions,
  withOlderPage,
} from '../../../../src/web/features/dashboard/account/transaction-list.ts';

const transaction = (id: string): Transaction => ({
  id,
  accountId: 'a',
  at: new Date(Number.parseInt(id, 10)).toISOString(),
  direction: 'debit',
  type: 'other',
  counterparty: 'Somebody',
  description: 'Something',
  amountMinor: 1,
  currency: 'EUR',
  balanceAfterMinor: 1,
});
const page = (ids: string[], nextCursor: string | null = null) => ({
  transactions: ids.map(transaction),
  nextCursor,
});
const idsOf = ({ rows }: TransactionList): string[] => rows.map(({ id }) => id);
const many = (count: number, from: number): string[] =>
  Array.from({ length: count }, (_, index) => `${from + count - index}-0`);

test('ids are ordered as numbers, by the millisecond and within it', () => {
  expect(compareIds('9-0', '10-0')).toBeLessThan(0);
  expect(compareIds('10-9', '10-10')).toBeLessThan(0);
  expect(compareIds('10-1', '10-1')).toBe(0);
});

test('new transactions are sorted by time and added once, in any order and however often they arrive', () => {
  const list = createList(page(['5-0', '3-0'], 'c'));
  const grown = withNewTransactions(withNewTransactions(list, [transaction('7-0')]), [
    transaction('6-0'),
    transaction('7-0'),
    transaction('3-0'),
  ]);
  expect(idsOf(grown)).toEqual(['7-0', '6-0', '5-0', '3-0']);
  expect(grown.nextCursor).toBe('c');
  expect(withNewTransactions(grown, [transaction('7-0')])).toBe(grown);
});

test('a row is fresh if it was added after the first page', () => {
  const list = withNewTransactions(createList(page(['5-0'])), [transaction('6-0')]);
  expect(['6-0', '5-0'].map((id) => isFresh(list, id))).toEqual([true, false]);
  expect(isFresh(createList(page([])), '1-0')).toBe(true);
});

test('a newest page that overlaps the list extends it, and any other replaces it', () => {
  const list = createList(page(['5-0', '3-0'], 'c'));
  expect(idsOf(withNewestPage(list, page(['7-0', '5-0'], 'd')))).toEqual(['7-0', '5-0', '3-0']);
  const beyond = page(['9-0', '8-0'], 'd');
  expect(isGapBefore(list, beyond)).toBe(true);
  expect(withNewestPage(list, beyond)).toMatchObject({ nextCursor: 'd', firstShownId: '5-0' });
  expect(idsOf(withNewestPage(list, beyond))).toEqual(['9-0', '8-0']);
});

test('there is no gap before the only page', () => {
  expect(isGapBefore(createList(page([])), page(['1-0']))).toBe(false);
  expect(isGapBefore(createList(page([])), page([], null))).toBe(false);
});

test('older pages are appended without duplicates', () => {
  const list = withOlderPage(createList(page(['5-0', '4-0'], 'c')), page(['4-0', '2-0'], null));
  expect(idsOf(list)).toEqual(['5-0', '4-0', '2-0']);
  expect(list).toMatchObject({ nextCursor: null, hasPaged: true });
});

test('a growing list is truncated, and its next cursor is then unknown', () => {
  const list = createList(page(['1-0'], null));
  const full = withNewTransactions(list, many(49, 100).map(transaction));
  expect(full).toMatchObject({ nextCursor: null, rows: { length: 50 } });
  const over = withNewTransactions(full, [transaction('900-0')]);
  expect(over).toMatchObject({ nextCursor: undefined, rows: { length: 50 } });
  expect(idsOf(over)[0]).toBe('900-0');
});

test('new transactions do not remove older pages that the user has loaded', () => {
  const paged = withOlderPage(createList(page(many(50, 1000), 'c')), page(many(20, 500), 'd'));
  const grown = withNewTransactions(paged, [transaction('9000-0')]);
  expect(grown).toMatchObject({ nextCursor: 'd', rows: { length: 71 } });
});
