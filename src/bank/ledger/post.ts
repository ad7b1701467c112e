import { createHash } from 'node:crypto';
import type { RedisLink } from '../../redis/connection.ts';
import {
  accountKey,
  balancesKey,
  idempotencyKey,
  postingsChannel,
  spendersKey,
  transactionsKey,
} from '../../redis/keys.ts';
import { runScript } from '../../redis/scripts.ts';
import { Refusal } from '../../refusal.ts';
import type { Account, Transaction } from '../schemas.ts';
import { POST } from './post-script.ts';
import { postedAt } from './transaction.ts';

const POSTED_TTL_MS = 24 * 60 * 60 * 1000;

/** A refusal costs its sender nothing and could be had without end, so it takes room in Redis for a short time only. */
const REFUSED_TTL_MS = 10 * 60 * 1000;

/** One side of a posting: what happens to one account. */
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
  /** All of them are posted, or none. */
  legs: readonly [Leg, ...Leg[]];
  /**
   * The client's name for this posting, kept for 24 h: however often it is asked for, it happens once. A refusal is
   * kept for ten minutes.
   */
  idempotency?: { accountId: string; key: string };
}

const POSTING_REASONS = [
  'idempotency_key_reused',
  'account_unknown',
  'currency_mismatch',
  'insufficient_funds',
  'balance_limit',
] as const;
export type PostingReason = (typeof POSTING_REASONS)[number];

export interface Posted {
  /** One for each leg, in their order. */
  transactions: Transaction[];
  /** Whether this is the answer of an earlier posting with the same idempotency key. */
  replayed: boolean;
}

export interface LedgerOptions {
  /** About how many transactions, and balance points, are kept for each account. */
  transactionsKept: number;
}

/**
 * The one way in which money moves. In a single step it checks the funds, moves the balances, appends the
 * transactions and balance points, adds to the spenders and tells who listens; or it does nothing at all.
 *
 * @throws {RangeError} when an amount is not a whole number from 1 to 2^53 − 1.
 * @throws {RedisUnavailable} and then it is not known whether it was posted: ask again with the same idempotency key.
 */
export async function post(
  link: RedisLink,
  posting: Posting,
  options: LedgerOptions,
  nowMs: number,
): Promise<Posted | Refusal<PostingReason>> {
  const { legs, idempotency } = posting;
  for (const { amountMinor } of legs) {
    if (!Number.isSafeInteger(amountMinor) || amountMinor < 1)
      throw new RangeError('an amount is out of range');
  }
  const ledger = [nowMs, options.transactionsKept, postingsChannel()];
  const memory = [fingerprint(legs), POSTED_TTL_MS, REFUSED_TTL_MS];
  const keys = legs.flatMap(({ accountId }) => keysOf(accountId));
  if (idempotency !== undefined) keys.push(idempotencyKey(idempotency.accountId, idempotency.key));
  const reply = await runScript(link, POST, keys, [
    ...[...ledger, ...memory].map(String),
    ...legs.flatMap(argumentsOf),
  ]);
  return outcomeOf(legs, reply as string[]);
}

export interface Transfer {
  from: Account;
  /** Whether there is such an account is judged after the funds. */
  to: Pick<Account, 'id' | 'name'>;
  amountMinor: number;
  description: string;
  idempotencyKey: string;
}

/** Moves money between two accounts, both sides or neither. Throws as `post` does. */
export async function transfer(
  link: RedisLink,
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

const argumentsOf = (leg: Leg): string[] => [
  leg.accountId,
  leg.direction,
  String(leg.amountMinor),
  leg.type,
  leg.counterparty,
  leg.description,
];

/** What makes two requests the same: everything that is posted. */
const fingerprint = (legs: readonly Leg[]): string =>
  createHash('sha256')
    .update(JSON.stringify(legs.map(argumentsOf)))
    .digest('base64url');

function outcomeOf(legs: readonly Leg[], reply: readonly string[]): Posted | Refusal<PostingReason> {
  const [how, ...rest] = reply;
  const refused = POSTING_REASONS.find((reason) => reason === rest[0]);
  if (refused !== undefined) return new Refusal(refused);
  const [, currency = '', ...results] = rest;
  const transactions = legs.map((leg, index): Transaction => {
    const [id = '', balanceAfter] = results.slice(index * 2);
    return { ...leg, id, at: postedAt(id), currency, balanceAfterMinor: Number(balanceAfter) };
  });
  return { transactions, replayed: how === 'replayed' };
}
