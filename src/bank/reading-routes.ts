import type { Context, Handler } from 'hono';
import type { z } from 'zod';
import type { RedisLink } from '../redis/connection.ts';
import { Refusal } from '../refusal.ts';
import { mayNot, visibleAccount } from './caller.ts';
import { accountsOf } from './ledger/accounts.ts';
import { balancePoints, biggestSpenders } from './ledger/figures.ts';
import * as transactions from './ledger/transactions.ts';
import { type BankEnv, BankRefusal, refuse } from './problem.ts';
import { queryOf } from './request.ts';
import * as schemas from './schemas.ts';

type Reading = (link: RedisLink) => Handler<BankEnv>;

export const listAccounts: Reading = (link) => async (c) => {
  if (mayNot(c, 'accounts:read')) return refuse(c, new BankRefusal('scope_missing'));
  const query = queryOf(c, schemas.noQuery);
  if (query instanceof Refusal) return refuse(c, query);
  return answer(c, schemas.accountsResponse, { accounts: await accountsOf(link, c.get('caller').sub) });
};

export const showAccount: Reading = (link) =>
  aboutAccount(link, schemas.noQuery, schemas.accountSchema, (account) => Promise.resolve(account));

export const listTransactions: Reading = (link) =>
  aboutAccount(link, schemas.transactionsQuery, schemas.transactionsResponse, async (account, query) => {
    const page = await transactions.pageOfTransactions(link, account, query);
    const nextCursor = page.continueBefore === undefined ? null : schemas.encodeCursor(page.continueBefore);
    return { transactions: page.transactions, nextCursor };
  });

export const searchTransactions: Reading = (link) =>
  aboutAccount(link, schemas.searchQuery, schemas.searchResponse, async (account, query) => {
    const found = await transactions.searchTransactions(link, account, query);
    return { transactions: found.transactions, complete: found.continueBefore === undefined };
  });

export const listBalances: Reading = (link) =>
  aboutAccount(link, schemas.balanceQuery, schemas.balanceResponse, (account, query) =>
    balancePoints(link, account.id, query),
  );

export const listSpenders: Reading = (link) =>
  aboutAccount(link, schemas.spendersQuery, schemas.spendersResponse, async (account, { limit }) => ({
    currency: account.currency,
    spenders: await biggestSpenders(link, account.id, limit),
  }));

/** A route that reads one account which the caller may see, with a checked query. */
function aboutAccount<Query extends z.ZodType, Answer extends z.ZodType>(
  link: RedisLink,
  querySchema: Query,
  answerSchema: Answer,
  read: (account: schemas.Account, query: z.output<Query>) => Promise<z.output<Answer>>,
): Handler<BankEnv> {
  return async (c) => {
    const query = queryOf(c, querySchema);
    if (query instanceof Refusal) return refuse(c, query);
    const account = await visibleAccount(c, link);
    if (account instanceof Refusal) return refuse(c, account);
    return answer(c, answerSchema, await read(account, query));
  };
}

/** The schema makes the compiler compare the answer with what is published; it costs nothing at run time. */
const answer = <Answer extends z.ZodType>(c: Context, _schema: Answer, body: z.output<Answer>): Response =>
  c.json(body as object);
