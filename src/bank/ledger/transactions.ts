import type { RedisLink } from '../../redis/connection.ts';
import { transactionsKey } from '../../redis/keys.ts';
import type { Account, Transaction, TransactionsQuery } from '../schemas.ts';
import { millisecondsOf, transactionFrom } from './transaction.ts';
import { readNewestFirst } from './transaction-stream.ts';

/** The most transactions that one filtered page or search looks at, so that no request is without end. */
const MAX_SCANNED = 10_000;
const SCANNED_AT_ONCE = 500;

export interface TransactionsPage {
  transactions: Transaction[];
  /** The transaction before which the next page begins; undefined when there are no older ones. */
  continueBefore: string | undefined;
}

/**
 * A page of transactions, newest first. It is anchored to a transaction, not to a count: what is posted in the
 * meantime neither shifts nor repeats anything. With a `type`, a page may be short or even empty and still have a
 * next one. @throws {RedisUnavailable}
 */
export function pageOfTransactions(
  link: RedisLink,
  account: Account,
  { limit, cursor, type, from, to }: TransactionsQuery,
): Promise<TransactionsPage> {
  const isBeyondCursor = cursor !== undefined && (to === undefined || millisecondsOf(cursor) <= to);
  const range: Range = {
    newest: isBeyondCursor ? `(${cursor}` : (to?.toString() ?? '+'),
    oldest: from?.toString() ?? '-',
    atOnce: type === undefined ? limit + 1 : SCANNED_AT_ONCE,
  };
  return newestFirst(link, account, range, limit, (one) => type === undefined || one.type === type);
}

/**
 * The newest transactions whose counterparty, description or type contains `term`, in either case.
 * @throws {RedisUnavailable}
 */
export function searchTransactions(
  link: RedisLink,
  account: Account,
  { term, limit }: { term: string; limit: number },
): Promise<TransactionsPage> {
  const folded = fold(term);
  const range: Range = { newest: '+', oldest: '-', atOnce: SCANNED_AT_ONCE };
  return newestFirst(link, account, range, limit, ({ counterparty, description, type }) =>
    [counterparty, description, type].some((text) => fold(text).includes(folded)),
  );
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

interface Range {
  /** Bounds of XREVRANGE: an id, milliseconds, `(id` without that one, `+` or `-`. */
  newest: string;
  oldest: string;
  atOnce: number;
}

/** Up to `limit` that match. One more is looked for, to know whether there is a next page. */
async function newestFirst(
  link: RedisLink,
  account: Account,
  { newest, oldest, atOnce }: Range,
  limit: number,
  matches: (one: Transaction) => boolean,
): Promise<TransactionsPage> {
  const transactions: Transaction[] = [];
  let end = newest;
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += atOnce) {
    const entries = await readNewestFirst(link, transactionsKey(account.id), end, oldest, atOnce);
    for (const entry of entries) {
      const one = transactionFrom(entry, account);
      if (!matches(one)) continue;
      if (transactions.length === limit) return { transactions, continueBefore: transactions.at(-1)?.id };
      transactions.push(one);
    }
    if (entries.length < atOnce) return { transactions, continueBefore: undefined };
    end = `(${entries.at(-1)?.id}`;
  }
  return { transactions, continueBefore: end.slice(1) };
}

/** Up to `count` transactions after the one with the id `after`, oldest first. @throws {RedisUnavailable} */
export async function transactionsAfter(
  link: RedisLink,
  account: Account,
  after: string,
  count: number,
): Promise<Transaction[]> {
  const key = transactionsKey(account.id);
  const entries = await link.run((client) => client.xRange(key, `(${after}`, '+', { COUNT: count }));
  return (entries ?? []).map((entry) => transactionFrom(entry, account));
}

/** The id of the newest transaction, or `0-0` when there is none. @throws {RedisUnavailable} */
export async function newestTransactionId(link: RedisLink, accountId: string): Promise<string> {
  const [newest] = await readNewestFirst(link, transactionsKey(accountId), '+', '-', 1);
  return newest?.id ?? '0-0';
}
