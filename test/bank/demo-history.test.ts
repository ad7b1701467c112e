import { expect } from 'vitest';
import { postHistory, seedDemoAccounts } from '../../src/bank/demo/accounts.ts';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { balancePoints } from '../../src/bank/ledger/figures.ts';
import { transactionsAfter } from '../../src/bank/ledger/transactions.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import { ledgerTest } from './ledger-under-test.ts';
import { LEDGER_OPTIONS } from './postings.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW_MS = Date.parse('2026-06-15T12:00:00Z');
const OPENED_MS = NOW_MS - 7 * DAY_MS;

const test = ledgerTest()
  .extend('account', async ({ redis, link }): Promise<Account> => {
    await redis.flush();
    const owners = [{ ownerId: 'bob', name: 'Bob' }];
    const [opened] = await seedDemoAccounts(link, owners, { currency: 'EUR', nowMs: OPENED_MS });
    return opened as Account;
  })
  .extend('history', ({ link, account }) => async (seed: number, rank = 0): Promise<Transaction[]> => {
    const count = await postHistory(link, account, { ...LEDGER_OPTIONS, seed, rank }, NOW_MS);
    const statement = await transactionsAfter(link, account, '0-0', 1000);
    expect(statement).toHaveLength(count);
    return statement;
  });

test('a new demo account has a week of transactions, some each day and none in the future', async ({
  history,
}) => {
  const times = (await history(1)).map(({ at }) => Date.parse(at));
  expect(Math.min(...times)).toBeGreaterThan(OPENED_MS);
  expect(Math.max(...times)).toBeLessThan(NOW_MS);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const days = new Set(times.map((atMs) => Math.floor((atMs - OPENED_MS) / DAY_MS)));
  expect([...days]).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('balance, transactions and the balance over time agree', async ({ history, link, account }) => {
  const last = (await history(1)).at(-1);
  expect((await readAccount(link, account.id))?.balanceMinor).toBe(last?.balanceAfterMinor);
  const points = await balancePoints(link, account.id, { from: undefined, to: undefined, points: 100 });
  expect(points.at(-1)).toEqual({ x: Date.parse(last?.at ?? ''), y: last?.balanceAfterMinor });
});

test('the same seed and rank give the same history, other ones a different history', async ({
  history,
  redis,
  link,
}) => {
  const first = await history(1);
  const variants: [seed: number, rank: number][] = [
    [1, 0],
    [2, 0],
    [1, 1],
  ];
  const others: Transaction[][] = [];
  for (const [seed, rank] of variants) {
    await redis.flush();
    const owners = [{ ownerId: 'bob', name: 'Bob' }];
    await seedDemoAccounts(link, owners, { currency: 'EUR', nowMs: OPENED_MS });
    others.push(await history(seed, rank));
  }
  expect(others[0]).toEqual(first);
  expect(others[1]).not.toEqual(first);
  expect(others[2]).not.toEqual(first);
});
