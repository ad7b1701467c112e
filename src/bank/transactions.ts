import type { Handler } from 'hono';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import * as ledger from './ledger/transactions.ts';
import { type BankContext, type BankEnv, refuse } from './problems.ts';
import { accountRoute } from './routes.ts';
import * as schemas from './schemas.ts';
import type { UserShare } from './user-share.ts';

export interface TransactionsDeps {
  link: RedisStore;
  /** How many searches a user can run at the same time. A list filtered by type is one. */
  searches: UserShare;
}

/** A page of transactions, optionally of one type. */
export function listTransactions({ link, searches }: TransactionsDeps): Handler<BankEnv> {
  const { transactionsQuery, transactionsResponse } = schemas;
  const list = accountRoute(link, transactionsQuery, transactionsResponse, async (account, query, c) => {
    const page = await ledger.pageOfTransactions(link, account, query, isAwaited(c));
    return { transactions: page.transactions, nextCursor: cursorOf(page) };
  });
  const search = withinShare(searches, list);
  return (c, next) => (c.req.query('type') === undefined ? list(c, next) : search(c, next));
}

/** The transactions that contain a term. Each request reads a part of them, and the cursor continues after it. */
export const searchTransactions = ({ link, searches }: TransactionsDeps): Handler<BankEnv> =>
  withinShare(
    searches,
    accountRoute(link, schemas.searchQuery, schemas.searchResponse, async (account, query, c) => {
      const page = await ledger.searchTransactions(link, account, query, isAwaited(c));
      const nextCursor = cursorOf(page);
      return { transactions: page.transactions, complete: nextCursor === null, nextCursor };
    }),
  );

const cursorOf = ({ continueBefore }: ledger.TransactionsPage): string | null =>
  continueBefore === undefined ? null : schemas.encodeCursor(continueBefore);

const isAwaited = (c: BankContext) => (): boolean => !c.env.outgoing.destroyed;

/** Refuses a search beyond the share of its user at once. If it waited, it would hold a connection of the gateway. */
const withinShare =
  (searches: UserShare, handler: Handler<BankEnv>): Handler<BankEnv> =>
  async (c, next) => {
    const giveBack = searches.take(c.get('caller').sub);
    if (giveBack === undefined) return refuse(c, new Refusal('too_many_searches'));
    try {
      return await handler(c, next);
    } finally {
      giveBack();
    }
  };
