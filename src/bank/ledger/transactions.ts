import type { RedisLink } from '../../redis/connection.ts';
import { transactionsKey } from '../../redis/keys.ts';
import type { Account, Transaction, TransactionsQuery } from '../schemas.ts';
import { millisecondsOf, readNewestFirst, transactionFrom } from './entries.ts';

/** How many transactions one filtered page or search reads at most. */
const MAX_SCANNED = 10_000;
const SCANNED_AT_ONCE = 500;

interface TransactionsPage {
  transactions: Transaction[];
  /** The next page begins before this transaction; undefined when there are no older ones. */
  continueBefore: string | undefined;
}

/**
 * A page of transactions, newest first. The cursor names a transaction, not an offset, so new postings neither shift
 * nor repeat entries. With a `type`, a page can be short or empty and still have a next one. @throws {RedisUnavailable}
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
 * The newest transactions whose counterparty, description or type contains `term`, ignoring case.
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
  /** Bounds of XREVRANGE: an id, milliseconds, `(id` for an exclusive bound, `+` or `-`. */
  newest: string;
  oldest: string;
  atOnce: number;
}

/** Up to `limit` matches. It reads on until one more, which shows that there is a next page. */
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
