import { createHash } from 'node:crypto';
import {
  accountKey,
  balancesKey,
  idempotencyKey,
  postedCountsKey,
  postingsChannel,
  refusedCountsKey,
  spendersKey,
  transactionsKey,
} from '../../redis/keys.ts';
import { runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import type { Account, Transaction } from '../schemas.ts';
import { postedAt } from './entries.ts';
import { LEG_ARGUMENTS, POST, POST_ARGUMENTS } from './post-script.ts';

const POSTED_TTL_MS = 24 * 60 * 60 * 1000;

/** Short, because a client can cause any number of refusals at no cost, and each takes memory in Redis. */
const REFUSED_TTL_MS = 10 * 60 * 1000;

/** One side of a posting: the change to one account. */
export interface Leg {
  accountId: string;
  direction: 'debit' | 'credit';
  /** From 1 to 2^53 − 1, in the currency's minor unit. */
  amountMinor: number;
  type: string;
  counterparty: string;
  description: string;
}

export interface Posting {
  /** Posted atomically: all or none. */
  legs: readonly [Leg, ...Leg[]];
  /**
   * The client's key for this posting. Repeated calls with the same key return the first outcome. A posting is
   * remembered for 24 hours, a refusal for ten minutes. The account can have `transfersPerDayMax` postings in 24 hours.
   */
  idempotency?: { accountId: string; key: string };
}

const POSTING_REASONS = [
  'idempotency_key_reused',
  'account_unknown',
  'currency_mismatch',
  'insufficient_funds',
  'balance_limit',
  'too_many_transfers',
] as const;
export type PostingReason = (typeof POSTING_REASONS)[number];

export interface Posted {
  /** One per leg, in the same order. */
  transactions: Transaction[];
  /** Whether this is the outcome of an earlier posting with the same idempotency key. */
  replayed: boolean;
}

export interface LedgerOptions {
  /** The approximate number of transactions, and of balance points, kept per account. */
  transactionsKept: number;
  /**
   * The maximum number of postings with an idempotency key per account in 24 hours, because each is remembered for that
   * long. It also bounds the refusals that are remembered.
   */
  transfersPerDayMax: number;
}

/**
 * The only way to move money. One atomic step checks the funds, updates the balances, appends the transactions and
 * balance points, adds to the spenders and notifies subscribers. If it is refused or fails, nothing changes.
 *
 * @throws {RangeError} when an amount is not a whole number from 1 to 2^53 − 1.
 * @throws {RedisUnavailable} when the outcome is unknown. Retry with the same idempotency key.
 */
export async function post(
  link: RedisStore,
  posting: Posting,
  options: LedgerOptions,
  nowMs: number,
): Promise<Posted | Refusal<PostingReason>> {
  const { legs, idempotency } = posting;
  for (const { amountMinor } of legs) {
    if (!Number.isSafeInteger(amountMinor) || amountMinor < 1)
      throw new RangeError('an amount is out of range');
  }
  const keys = legs.flatMap(({ accountId }) => keysOf(accountId));
  if (idempotency !== undefined) keys.push(...recordKeysOf(idempotency));
  const named = POST_ARGUMENTS.list({
    nowMs,
    maxEntries: options.transactionsKept,
    channel: postingsChannel(),
    fingerprint: fingerprint(legs),
    postedTtl: POSTED_TTL_MS,
    refusedTtl: REFUSED_TTL_MS,
    maxRecords: options.transfersPerDayMax,
  });
  const reply = await runScript(link, POST, keys, [...named, ...legs.flatMap(argumentsOf)]);
  return outcomeOf(legs, reply as string[]);
}

export interface Transfer {
  from: Account;
  /** It need not exist: that is checked after the funds. */
  to: Pick<Account, 'id' | 'name'>;
  amountMinor: number;
  description: string;
  idempotencyKey: string;
}

/** Moves money from one account to another. Throws as `post` does. */
export async function transfer(
  link: RedisStore,
  { from, to, amountMinor, description, idempotencyKey: key }: Transfer,
  options: LedgerOptions,
  nowMs: number,
): Promise<Posted | Refusal<PostingReason>> {
  const both = { type: 'transfer', amountMinor, description };
  const debit: Leg = { ...both, direction: 'debit', accountId: from.id, counterparty: to.name };
  const credit: Leg = { ...both, direction: 'credit', accountId: to.id, counterparty: from.name };
  const posting: Posting = { legs: [debit, credit], idempotency: { accountId: from.id, key } };
  return post(link, posting, options, nowMs);
}

const keysOf = (id: string): string[] => [
  accountKey(id),
  transactionsKey(id),
  balancesKey(id),
  spendersKey(id),
];

const recordKeysOf = ({ accountId, key }: NonNullable<Posting['idempotency']>): string[] => [
  idempotencyKey(accountId, key),
  postedCountsKey(accountId),
  refusedCountsKey(accountId),
];

const argumentsOf = (leg: Leg): string[] => LEG_ARGUMENTS.map((name) => String(leg[name]));

/** Two requests are the same if everything that they post is the same. */
const fingerprint = (legs: readonly Leg[]): string =>
  createHash('sha256')
    .update(JSON.stringify(legs.map(argumentsOf)))
    .digest('base64url');

function outcomeOf(legs: readonly Leg[], reply: readonly string[]): Posted | Refusal<PostingReason> {
  const [how, ...rest] = reply;
  const refused = POSTING_REASONS.find((reason) => reason === rest[0]);
  if (refused === 'too_many_transfers')
    return new Refusal(refused, { retryAfterSeconds: Math.ceil(Number(rest[1]) / 1000) });
  if (refused !== undefined) return new Refusal(refused);
  const [, currency = '', ...results] = rest;
  const transactions = legs.map((leg, index): Transaction => {
    const [id = '', balanceAfter] = results.slice(index * 2);
    return { ...leg, id, at: postedAt(id), currency, balanceAfterMinor: Number(balanceAfter) };
  });
  return { transactions, replayed: how === 'replayed' };
}
