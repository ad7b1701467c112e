import { createHash } from 'node:crypto';
import type { RedisStore } from '../../redis/store.ts';
import { openAccount } from '../ledger/accounts.ts';
import { type LedgerOptions, post } from '../ledger/post.ts';
import type { Account } from '../schemas.ts';
import { randomLeg, repeatableRandom } from './random-posting.ts';

/** 100,000.00. */
export const DEMO_OPENING_BALANCE_MINOR = 10_000_000;

/** The time between two transactions of a demo account's history: half an hour on average. */
const MIN_GAP_MS = 5 * 60_000;
const GAP_SPREAD_MS = 50 * 60_000;

export interface DemoOwner {
  ownerId: string;
  name: string;
}

/**
 * Opens one demo account per owner, to which the generator posts. The account id is derived from the owner's, so an
 * existing account is found and left unchanged. @throws {RedisUnavailable}
 */
export async function seedDemoAccounts(
  link: RedisStore,
  owners: readonly DemoOwner[],
  options: { currency: string; nowMs: number } = { currency: 'EUR', nowMs: Date.now() },
): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const { ownerId, name } of owners) {
    const id = createHash('sha256').update(`demo account of ${ownerId}`).digest('base64url').slice(0, 22);
    const demo = { id, ownerId, name, openingBalanceMinor: DEMO_OPENING_BALANCE_MINOR, generated: true };
    accounts.push(await openAccount(link, { ...demo, currency: options.currency }, options.nowMs));
  }
  return accounts;
}

interface HistoryOptions extends LedgerOptions {
  /** The same seed gives the same history. */
  seed: number;
  /** The account's index among the demo accounts. */
  rank: number;
}

/**
 * Posts random transactions to a new demo account, from the time it was opened until `toMs`, so that there is something
 * to see from the start. @returns the number of transactions @throws {RedisUnavailable}
 */
export async function postHistory(
  link: RedisStore,
  account: Account,
  options: HistoryOptions,
  toMs: number,
): Promise<number> {
  const { seed, rank } = options;
  let count = 0;
  let atMs = Date.parse(account.openedAt);
  for (;;) {
    const random = repeatableRandom(seed, count, rank);
    atMs += Math.round(MIN_GAP_MS + random() * GAP_SPREAD_MS);
    if (atMs >= toMs) return count;
    await post(link, { legs: [randomLeg(account.id, random)] }, options, atMs);
    count += 1;
  }
}
