import { expect } from 'vitest';
import { seedDemoAccounts } from '../../src/bank/demo/accounts.ts';
import { accountsOf, openAccount } from '../../src/bank/ledger/accounts.ts';
import { ledgerTest } from './ledger-under-test.ts';
import { leg, openTestAccount, posted } from './postings.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00.250Z');
const test = ledgerTest();

test('opening an existing account leaves it unchanged', async ({ link, account }) => {
  await posted(link, leg(account.id));
  const again = await openAccount(
    link,
    { ...account, openingBalanceMinor: 5, name: 'Other', generated: true },
    NOW_MS,
  );
  expect(again).toEqual({ ...account, balanceMinor: 99_900 });
});

test.for([-1, 0.5, 2 ** 53])('an opening balance of %s throws', async (balanceMinor, { link }) => {
  await expect(openTestAccount(link, { balanceMinor })).rejects.toThrow(RangeError);
});

test('seeding demo accounts again changes nothing, even concurrently', async ({ link, redis }) => {
  const owners = [
    { ownerId: 'u1', name: 'Bob' },
    { ownerId: 'u2', name: 'Alice' },
  ];
  const options = { currency: 'EUR', nowMs: NOW_MS };
  const [first] = await Promise.all([
    seedDemoAccounts(link, owners, options),
    seedDemoAccounts(link, owners, options),
  ]);
  const before = await redis.dump();
  await seedDemoAccounts(link, owners, { ...options, nowMs: NOW_MS + 1 });

  expect(first).toMatchObject([
    { ownerId: 'u1', name: 'Bob', balanceMinor: 10_000_000, currency: 'EUR' },
    { ownerId: 'u2', name: 'Alice', balanceMinor: 10_000_000, currency: 'EUR' },
  ]);
  expect(await accountsOf(link, 'u1')).toEqual(first?.slice(0, 1));
  expect(await redis.dump()).toEqual(before);
});
