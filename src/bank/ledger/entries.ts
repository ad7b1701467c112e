import type { RedisStore } from '../../redis/store.ts';
import type { Account, Transaction } from '../schemas.ts';

/** An entry of a Redis stream, as node-redis returns it. */
export interface StreamEntry {
  id: string;
  message: Record<string, string>;
}

/** The time of an entry in milliseconds since 1970: the first half of its id. */
export const millisecondsOf = (id: string): number => Number(id.slice(0, id.indexOf('-')));

/** The time of a transaction in ISO 8601. */
export const postedAt = (id: string): string => new Date(millisecondsOf(id)).toISOString();

/** The transaction that an entry of the account's stream holds. */
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

/**
 * Up to `count` entries of a stream, newest first. The bounds are those of `XREVRANGE`: an id, milliseconds, `(id` for
 * an exclusive bound, `+` or `-`. @throws {RedisUnavailable}
 */
export function readNewestFirst(
  link: RedisStore,
  key: string,
  newest: string,
  oldest: string,
  count: number,
): Promise<StreamEntry[]> {
  return link.runFor(
    key,
    async (client) => (await client.xRevRange(key, newest, oldest, { COUNT: count })) ?? [],
  );
}
