import type { Transaction, TransactionPage } from '../../../api/bank.ts';

/** What is known of an account's latest transactions, without a gap. */
export interface TransactionList {
  /** Newest first. */
  rows: readonly Transaction[];
  /** Where older ones begin, null when there are none; undefined when rows were dropped and nobody knows. */
  nextCursor: string | null | undefined;
  /** Older ones have been asked for: somebody reads down there. */
  hasPaged: boolean;
  /** The newest row of the first page, undefined when there was none. What is newer has come since. */
  firstSeenId: string | undefined;
}

/** So many rows are kept of a list that grows by itself, and of one that was paged through. */
const KEPT_GROWING = 50;
const KEPT_PAGED = 1000;

/** Ids are milliseconds, a hyphen and a number within the millisecond: negative when `a` is older than `b`. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aNumber = 0] = a.split('-').map(Number);
  const [bMs = 0, bNumber = 0] = b.split('-').map(Number);
  return aMs - bMs || aNumber - bNumber;
}

/** Whether a row has come since the list was first shown. */
export const isFresh = ({ firstSeenId }: TransactionList, id: string): boolean =>
  firstSeenId === undefined || compareIds(id, firstSeenId) > 0;

export const firstList = ({ transactions, nextCursor }: TransactionPage): TransactionList => ({
  rows: transactions,
  nextCursor,
  hasPaged: false,
  firstSeenId: transactions[0]?.id,
});

/** The list with transactions that have happened meanwhile. What it holds already doesn't come twice. */
export function withArrivals(list: TransactionList, arrived: readonly Transaction[]): TransactionList {
  const news = missingIn(list, arrived);
  if (news.length === 0) return list;
  const rows = [...news, ...list.rows].sort((a, b) => compareIds(b.id, a.id));
  return shortened({ ...list, rows });
}

function shortened(list: TransactionList): TransactionList {
  const kept = list.hasPaged ? KEPT_PAGED : KEPT_GROWING;
  return list.rows.length <= kept ? list : { ...list, rows: list.rows.slice(0, kept), nextCursor: undefined };
}

/** The transactions that the list doesn't hold. */
export function missingIn(
  { rows }: Pick<TransactionList, 'rows'>,
  transactions: readonly Transaction[],
): Transaction[] {
  const known = new Set(rows.map(({ id }) => id));
  return transactions.filter(({ id }) => !known.has(id));
}

/**
 * Whether there may be transactions between the list and the newest page: when they have no row in common, and the
 * page isn't all that there is.
 */
export const isGapBefore = (
  { rows }: Pick<TransactionList, 'rows'>,
  { transactions, nextCursor }: TransactionPage,
): boolean => nextCursor !== null && missingIn({ rows }, transactions).length === transactions.length;

/** The list after the newest page was asked for again. Rows beyond a gap are given up. */
export const withNewestPage = (list: TransactionList, page: TransactionPage): TransactionList =>
  isGapBefore(list, page)
    ? { ...firstList(page), firstSeenId: list.firstSeenId }
    : withArrivals(list, page.transactions);

/** The list with the page that follows it. */
export const withOlderPage = (list: TransactionList, page: TransactionPage): TransactionList => ({
  ...list,
  rows: [...list.rows, ...missingIn(list, page.transactions)],
  nextCursor: page.nextCursor,
  hasPaged: true,
});
