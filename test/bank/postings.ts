import { openAccount } from '../../src/bank/ledger/accounts.ts';
import { type Leg, post } from '../../src/bank/ledger/post.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import type { TestRedis } from '../support/redis.ts';

export const LEDGER_OPTIONS = { transactionsKept: 1_000_000, transfersPerDayMax: 1_000_000 };

/** A usable connection. Its deadline is long, since tests put much on it at once. */
export async function testLink(redis: TestRedis): Promise<RedisLink> {
  const link = new RedisLink({ url: redis.url, deadlineMs: 10_000, log: createLog('cli', 'silent') });
  await link.whenReady(30_000);
  return link;
}

export function openTestAccount(link: RedisLink, account: Partial<Account> = {}): Promise<Account> {
  const { id, ownerId = 'owner', name = 'Somebody', currency = 'EUR', balanceMinor = 100_000 } = account;
  const known = id === undefined ? {} : { id };
  return openAccount(
    link,
    { ...known, ownerId, name, currency, openingBalanceMinor: balanceMinor, generated: false },
    Date.parse('2026-01-01T00:00:00Z'),
  );
}

export const leg = (accountId: string, changes: Partial<Leg> = {}): Leg => ({
  accountId,
  direction: 'debit',
  amountMinor: 100,
  type: 'groceries',
  counterparty: 'Larkfield Market',
  description: 'Weekly shop',
  ...changes,
});

/** Posts one leg that is expected to be posted. */
export async function posted(link: RedisLink, one: Leg, nowMs = Date.now()): Promise<Transaction> {
  const outcome = await post(link, { legs: [one] }, LEDGER_OPTIONS, nowMs);
  const transaction = outcome instanceof Refusal ? undefined : outcome.transactions[0];
  if (transaction === undefined) throw new Error('the posting was refused');
  return transaction;
}

const SERIES_STEP_MS = 1000;

/** Posts `count` debits, one a second, of 1, 2, 3 … cents; every third is travel. */
export async function postSeries(
  link: RedisLink,
  accountId: string,
  startMs: number,
  count: number,
): Promise<Transaction[]> {
  const series: Transaction[] = [];
  for (let n = 1; n <= count; n++) {
    const changes = { amountMinor: n, type: n % 3 === 0 ? 'travel' : 'groceries' };
    series.push(await posted(link, leg(accountId, changes), startMs + n * SERIES_STEP_MS));
  }
  return series;
}
