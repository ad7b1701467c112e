import type { Account, Transaction } from '../schemas.ts';

/** An entry of a stream as node-redis gives it. */
export interface StreamEntry {
  id: string;
  message: Record<string, string>;
}

/** When a stream's entry was made, in milliseconds since 1970: the first half of its id. */
export const millisecondsOf = (id: string): number => Number(id.slice(0, id.indexOf('-')));

/** When a transaction was posted, in ISO 8601. */
export const postedAt = (id: string): string => new Date(millisecondsOf(id)).toISOString();

/** A transaction as it stands in its account's stream. */
export function transactionFrom({ id, message }: StreamEntry, account: Account): Transaction {
  return {
    id,
    accountId: account.id,
    at: postedAt(id),
    direction: message.direction === 'debit' ? 'debit' : 'credit',
    type: message.type ?? '',
    counterparty: message.counterparty ?? '',
    description: message.description ?? '',
    amountMinor: Number(message.amountMinor),
    currency: account.currency,
    balanceAfterMinor: Number(message.balanceAfterMinor),
  };
}
