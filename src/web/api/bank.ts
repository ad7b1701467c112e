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
import { request } from './request.ts';

export type { Account, BalancePoint, Spender, Transaction } from '../../bank/schemas.ts';
export type TransactionPage = z.output<typeof transactionsResponse>;
export type SearchResult = z.output<typeof searchResponse>;
export type Spenders = z.output<typeof spendersResponse>;
export type TransferOrder = z.output<typeof transferBody>;

const accountPath = (accountId: string, suffix = ''): string => `/bank/accounts/${accountId}${suffix}`;

/** The event stream of the account's transactions. */
export const streamPath = (accountId: string): string => accountPath(accountId, '/stream');

/** The accounts of the current user. @throws {ApiError} */
export const ownAccounts = async (): Promise<Account[]> =>
  (await request<{ accounts: Account[] }>('/bank/accounts')).accounts;

/** Any account that the current user may see. @throws {ApiError} */
export const accountById = (id: string): Promise<Account> => request<Account>(accountPath(id));

/** A page of transactions, newest first. @throws {ApiError} */
export function transactionPage(
  accountId: string,
  { limit, cursor }: { limit: number; cursor?: string },
  isBackground: boolean,
): Promise<TransactionPage> {
  const query = new URLSearchParams({ limit: String(limit), ...(cursor !== undefined && { cursor }) });
  return request(accountPath(accountId, `/transactions?${query}`), { isBackground });
}

/** The newest transactions that contain the term. @throws {ApiError} or the reason with which `signal` was aborted */
export function searchTransactions(
  accountId: string,
  { term, limit }: { term: string; limit: number },
  signal: AbortSignal,
): Promise<SearchResult> {
  const query = new URLSearchParams({ term, limit: String(limit) });
  return request(accountPath(accountId, `/transactions/search?${query}`), { signal });
}

export interface BalanceQuery {
  /** Milliseconds since 1970. */
  fromMs?: number;
  toMs?: number;
  /** The maximum number, at least 2. */
  points: number;
}

/** Balances after transactions, oldest first, always with the first and the last of the range. @throws {ApiError} */
export function balancePoints(
  accountId: string,
  { fromMs, toMs, points }: BalanceQuery,
): Promise<BalancePoint[]> {
  const query = new URLSearchParams({
    ...(fromMs !== undefined && { from: String(fromMs) }),
    ...(toMs !== undefined && { to: String(toMs) }),
    points: String(points),
  });
  return request(accountPath(accountId, `/balance?${query}`), { isBackground: true });
}

/** The counterparties with the highest spending, highest first. @throws {ApiError} */
export const biggestSpenders = (accountId: string, limit: number): Promise<Spenders> =>
  request(accountPath(accountId, `/spenders?limit=${limit}`), { isBackground: true });

/**
 * Transfers money and returns the transaction of the payer's account. With the same key and the same order, it is made
 * once, however often it is sent. @throws {ApiError}
 */
export const transferMoney = (
  accountId: string,
  order: TransferOrder,
  idempotencyKey: string,
): Promise<Transaction> =>
  request(accountPath(accountId, '/transfers'), {
    method: 'POST',
    body: order,
    headers: { 'idempotency-key': idempotencyKey },
  });
