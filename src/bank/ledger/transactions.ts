import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { transactionsKey } from '../../redis/keys.ts';
import type { RedisStore } from '../../redis/store.ts';
import type { Account, searchQuery, Transaction, TransactionsQuery } from '../schemas.ts';
import { millisecondsOf, readNewestFirst, type StreamEntry, transactionFrom } from './entries.ts';

/** How many transactions one filtered page or search reads at most. */
const MAX_SCANNED = 10_000;
/** Small, and with a pause after each read, so that other requests are served in between. */
const SCANNED_AT_ONCE = 50;
const PAUSE_MS = 1;

/** Whether somebody still waits for the result. A scan that nobody waits for ends early. */
type IsAwaited = () => boolean;

export interface TransactionsPage {
  transactions: Transaction[];
  /** The next page begins before this transaction; undefined when there are no older ones. */
  continueBefore: string | undefined;
}

/**
 * A page of transactions, newest first. The cursor names a transaction, not an offset, so new postings neither shift
 * nor repeat entries. With a `type`, a page can be short or empty and still have a next one. @throws {RedisUnavailable}
 */
export function pageOfTransactions(
  link: RedisStore,
  account: Account,
  { limit, cursor, type, from, to }: TransactionsQuery,
  isAwaited: IsAwaited = () => true,
): Promise<TransactionsPage> {
  const isBeyondCursor = cursor !== undefined && (to === undefined || millisecondsOf(cursor) <= to);
  const range = {
    newest: isBeyondCursor ? `(${cursor}` : (to?.toString() ?? '+'),
    oldest: from?.toString() ?? '-',
    atOnce: type === undefined ? limit + 1 : SCANNED_AT_ONCE,
  };
  const matches: Matches = (message) => type === undefined || message.type === type;
  return newestFirst(link, account, { ...range, isAwaited }, limit, matches);
}

/**
 * The newest transactions before the cursor whose counterparty, description or type contains `term`, ignoring case.
 * @throws {RedisUnavailable}
 */
export function searchTransactions(
  link: RedisStore,
  account: Account,
  { term, limit, cursor }: z.output<typeof searchQuery>,
  isAwaited: IsAwaited = () => true,
): Promise<TransactionsPage> {
  const folded = fold(term);
  const newest = cursor === undefined ? '+' : `(${cursor}`;
  const range: Range = { newest, oldest: '-', atOnce: SCANNED_AT_ONCE, isAwaited };
  return newestFirst(link, account, range, limit, ({ counterparty = '', description = '', type = '' }) =>
    [counterparty, description, type].some((text) => fold(text).includes(folded)),
  );
}

const ASCII = /^[\0-\x7f]*$/;

/** NFKC leaves ASCII as it is. */
const fold = (text: string): string =>
  ASCII.test(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase();

type Matches = (message: StreamEntry['message']) => boolean;

interface Range {
  /** Bounds of XREVRANGE: an id, milliseconds, `(id` for an exclusive bound, `+` or `-`. */
  newest: string;
  oldest: string;
  atOnce: number;
  isAwaited: IsAwaited;
}

/** Up to `limit` matches. It reads on until one more, which shows that there is a next page. */
async function newestFirst(
  link: RedisStore,
  account: Account,
  { newest, oldest, atOnce, isAwaited }: Range,
  limit: number,
  matches: Matches,
): Promise<TransactionsPage> {
  const transactions: Transaction[] = [];
  let end = newest;
  for (let scanned = 0; scanned < MAX_SCANNED && isAwaited(); scanned += atOnce) {
    const entries = await readNewestFirst(link, transactionsKey(account.id), end, oldest, atOnce);
    for (const entry of entries) {
      if (!matches(entry.message)) continue;
      if (transactions.length === limit) return { transactions, continueBefore: transactions.at(-1)?.id };
      transactions.push(transactionFrom(entry, account));
    }
    if (entries.length < atOnce) return { transactions, continueBefore: undefined };
    end = `(${entries.at(-1)?.id}`;
    await delay(PAUSE_MS);
  }
  return { transactions, continueBefore: end.replace('(', '') };
}

/** Up to `count` transactions after the one with the id `after`, oldest first. @throws {RedisUnavailable} */
export async function transactionsAfter(
  link: RedisStore,
  account: Account,
  after: string,
  count: number,
): Promise<Transaction[]> {
  const key = transactionsKey(account.id);
  const entries = await link.runFor(key, (client) => client.xRange(key, `(${after}`, '+', { COUNT: count }));
  return (entries ?? []).map((entry) => transactionFrom(entry, account));
}

/** The id of the newest transaction, or `0-0` when there is none. @throws {RedisUnavailable} */
export async function newestTransactionId(link: RedisStore, accountId: string): Promise<string> {
  const [newest] = await readNewestFirst(link, transactionsKey(accountId), '+', '-', 1);
  return newest?.id ?? '0-0';
}
