import type { Context, Handler } from 'hono';
import type { z } from 'zod';
import { checkQuery } from '../http/input.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { lacksScope, visibleAccount } from './caller.ts';
import { accountsOf } from './ledger/accounts.ts';
import { balancePoints, biggestSpenders } from './ledger/figures.ts';
import { type BankContext, type BankEnv, refuse } from './problems.ts';
import * as schemas from './schemas.ts';

type ReadRoute = (link: RedisStore) => Handler<BankEnv>;

export const listAccounts: ReadRoute = (link) => async (c) => {
  if (lacksScope(c, 'accounts:read')) return refuse(c, new Refusal('scope_missing'));
  const query = checkQuery(c.req.queries(), schemas.noQuery);
  if (query instanceof Refusal) return refuse(c, query);
  return respond(c, schemas.accountsResponse, { accounts: await accountsOf(link, c.get('caller').sub) });
};

export const showAccount: ReadRoute = (link) =>
  accountRoute(link, schemas.noQuery, schemas.accountSchema, (account) => Promise.resolve(account));

export const listBalances: ReadRoute = (link) =>
  accountRoute(link, schemas.balanceQuery, schemas.balanceResponse, (account, query) =>
    balancePoints(link, account.id, query),
  );

export const listSpenders: ReadRoute = (link) =>
  accountRoute(link, schemas.spendersQuery, schemas.spendersResponse, async (account, { limit }) => ({
    currency: account.currency,
    spenders: await biggestSpenders(link, account.id, limit),
  }));

/** A route that checks the query, then reads one account that the caller may see. */
export function accountRoute<Query extends z.ZodType, Body extends z.ZodType>(
  link: RedisStore,
  querySchema: Query,
  bodySchema: Body,
  read: (account: schemas.Account, query: z.output<Query>, c: BankContext) => Promise<z.output<Body>>,
): Handler<BankEnv> {
  return async (c) => {
    const query = checkQuery(c.req.queries(), querySchema);
    if (query instanceof Refusal) return refuse(c, query);
    const account = await visibleAccount(c, link);
    if (account instanceof Refusal) return refuse(c, account);
    return respond(c, bodySchema, await read(account, query, c));
  };
}

/** The schema lets the compiler compare the body with the published description. It costs nothing at run time. */
const respond = <Body extends z.ZodType>(c: Context, _schema: Body, body: z.output<Body>): Response =>
  c.json(body as object);
