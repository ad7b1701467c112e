import type { Transaction, TransactionPage } from '../../../api/bank.ts';

/** An account's latest transactions, without a gap. */
export interface TransactionList {
  /** Newest first. */
  rows: readonly Transaction[];
  /** Of the next older page; null if there is none, undefined if it is unknown because rows were dropped. */
  nextCursor: string | null | undefined;
  /** The user has loaded older pages, and may be reading there. */
  hasPaged: boolean;
  /** The newest row of the first page, undefined if that was empty. Newer rows were added later. */
  firstShownId: string | undefined;
}

/** The maximum number of rows in a list that grows, and in one whose older pages were loaded. */
const ROWS_MAX = 50;
const ROWS_MAX_PAGED = 1000;

/** Ids are milliseconds, a hyphen and a number within the millisecond: negative if `a` is older than `b`. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aNumber = 0] = a.split('-').map(Number);
  const [bMs = 0, bNumber = 0] = b.split('-').map(Number);
  return aMs - bMs || aNumber - bNumber;
}

/** Whether a row was added after the list was first shown. */
export const isFresh = ({ firstShownId }: TransactionList, id: string): boolean =>
  firstShownId === undefined || compareIds(id, firstShownId) > 0;

export const createList = ({ transactions, nextCursor }: TransactionPage): TransactionList => ({
  rows: transactions,
  nextCursor,
  hasPaged: false,
  firstShownId: transactions[0]?.id,
});

/** The list with new transactions, without duplicates. */
export function withNewTransactions(list: TransactionList, added: readonly Transaction[]): TransactionList {
  const missing = missingIn(list, added);
  if (missing.length === 0) return list;
  const rows = [...missing, ...list.rows].sort((a, b) => compareIds(b.id, a.id));
  return truncated({ ...list, rows });
}

function truncated(list: TransactionList): TransactionList {
  const max = list.hasPaged ? ROWS_MAX_PAGED : ROWS_MAX;
  return list.rows.length <= max ? list : { ...list, rows: list.rows.slice(0, max), nextCursor: undefined };
}

/** The transactions that are not in the list. */
export function missingIn(
  { rows }: Pick<TransactionList, 'rows'>,
  transactions: readonly Transaction[],
): Transaction[] {
  const known = new Set(rows.map(({ id }) => id));
  return transactions.filter(({ id }) => !known.has(id));
}

/**
 * Whether there may be transactions between the list and the newest page: they have no row in common, and the page is
 * not the last one.
 */
export const isGapBefore = (
  { rows }: Pick<TransactionList, 'rows'>,
  { transactions, nextCursor }: TransactionPage,
): boolean => nextCursor !== null && missingIn({ rows }, transactions).length === transactions.length;

/** The list after the newest page was loaded again. Rows beyond a gap are dropped. */
export const withNewestPage = (list: TransactionList, page: TransactionPage): TransactionList =>
  isGapBefore(list, page)
    ? { ...createList(page), firstShownId: list.firstShownId }
    : withNewTransactions(list, page.transactions);

/** The list with the next older page. */
export const withOlderPage = (list: TransactionList, page: TransactionPage): TransactionList => ({
  ...list,
  rows: [...list.rows, ...missingIn(list, page.transactions)],
  nextCursor: page.nextCursor,
  hasPaged: true,
});
