import type { z } from 'zod';
import type {
  Account,
  BalancePoint,
  searchResponse,
  spendersResponse,
  Transaction,
  transactionsResponse,
  transferBody,
} from '../../bank/schemas.ts';
import { ask } from './request.ts';

export type { Account, BalancePoint, Spender, Transaction } from '../../bank/schemas.ts';
export type TransactionPage = z.output<typeof transactionsResponse>;
export type Found = z.output<typeof searchResponse>;
export type Spenders = z.output<typeof spendersResponse>;
export type TransferOrder = z.output<typeof transferBody>;

const pathOf = (accountId: string, part = ''): string => `/bank/accounts/${accountId}${part}`;

/** Where the account's transactions can be heard as they happen (server-sent events). */
export const streamPath = (accountId: string): string => pathOf(accountId, '/stream');

/** The accounts of the user who is logged in. @throws {NotDone} */
export const ownAccounts = async (): Promise<Account[]> =>
  (await ask<{ accounts: Account[] }>('/bank/accounts')).accounts;

/** Any account that the user may see. @throws {NotDone} */
export const accountById = (id: string): Promise<Account> => ask<Account>(pathOf(id));

export interface PageQuery {
  limit: number;
  cursor?: string;
}

/** A page of transactions, newest first. @throws {NotDone} */
export function transactionPage(
  accountId: string,
  { limit, cursor }: PageQuery,
  isBackground: boolean,
): Promise<TransactionPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
  return ask(pathOf(accountId, `/transactions?${query}`), { isBackground });
}

/** The newest transactions in which the term occurs. @throws {NotDone} and what `signal` aborts with */
export function searchTransactions(
  accountId: string,
  { term, limit }: { term: string; limit: number },
  signal: AbortSignal,
): Promise<Found> {
  const query = new URLSearchParams({ term, limit: String(limit) });
  return ask(pathOf(accountId, `/transactions/search?${query}`), { signal });
}

export interface BalanceQuery {
  /** Milliseconds since 1970. */
  fromMs?: number;
  toMs?: number;
  /** The most that are wanted, at least 2. */
  points: number;
}

/** Balances after transactions, oldest first; the first and the last of the range are always among them. */
export function balancePoints(
  accountId: string,
  { fromMs, toMs, points }: BalanceQuery,
): Promise<BalancePoint[]> {
  const query = new URLSearchParams({
    ...(fromMs !== undefined && { from: String(fromMs) }),
    ...(toMs !== undefined && { to: String(toMs) }),
    points: String(points),
  });
  return ask(pathOf(accountId, `/balance?${query}`), { isBackground: true });
}

/** With whom the most was spent, biggest first. @throws {NotDone} */
export const biggestSpenders = (accountId: string, limit: number): Promise<Spenders> =>
  ask(pathOf(accountId, `/spenders?limit=${limit}`), { isBackground: true });

/**
 * Moves money and gives the transaction in the payer's account. The same key with the same order moves it once,
 * however often it is sent. @throws {NotDone}
 */
export const transferMoney = (
  accountId: string,
  order: TransferOrder,
  idempotencyKey: string,
): Promise<Transaction> =>
  ask(pathOf(accountId, '/transfers'), {
    method: 'POST',
    body: order,
    headers: { 'idempotency-key': idempotencyKey },
  });
