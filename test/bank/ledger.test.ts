import { expect } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { biggestSpenders } from '../../src/bank/ledger/figures.ts';
import { type Posting, post, transfer } from '../../src/bank/ledger/post.ts';
import { newestTransactionId, transactionsAfter } from '../../src/bank/ledger/transactions.ts';
import { balancesKey, postingsChannel, transactionsKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { until } from '../support/until.ts';
import { ledgerTest } from './ledger-under-test.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, posted, testLink } from './postings.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00.250Z');
const test = ledgerTest()
  .extend(
    'balanceOf',
    ({ link }) =>
      async (id: string): Promise<number | undefined> =>
        (await readAccount(link, id))?.balanceMinor,
  )
  .extend(
    'postOne',
    ({ link }) =>
      (one: ReturnType<typeof leg>, idempotency?: Posting['idempotency']) =>
        post(link, { legs: [one], ...(idempotency && { idempotency }) }, LEDGER_OPTIONS, NOW_MS),
  );

test('a debit moves the balance, appends a transaction and a balance point, and counts as spending', async ({
  postOne,
  account,
  link,
  balanceOf,
}) => {
  const outcome = await postOne(leg(account.id, { amountMinor: 2599 }));

  const expected = {
    id: `${NOW_MS}-0`,
    accountId: account.id,
    at: '2026-03-01T12:00:00.250Z',
    direction: 'debit',
    type: 'groceries',
    counterparty: 'Larkfield Market',
    description: 'Weekly shop',
    amountMinor: 2599,
    currency: 'EUR',
    balanceAfterMinor: 97_401,
  };
  expect(outcome).toEqual({ transactions: [expected], replayed: false });
  expect(await transactionsAfter(link, account, '0-0', 10)).toEqual([expected]);
  expect(await balanceOf(account.id)).toBe(97_401);
  const points = await link.run((client) => client.xRange(balancesKey(account.id), '-', '+'));
  expect(points?.at(-1)).toMatchObject({ id: `${NOW_MS}-0`, message: { balanceMinor: '97401' } });
  expect(await biggestSpenders(link, account.id, 5)).toEqual([
    { counterparty: 'Larkfield Market', amountMinor: 2599 },
  ]);
});

test('a credit adds to the balance and does not count as spending', async ({ link, account, balanceOf }) => {
  await posted(link, leg(account.id, { direction: 'credit', amountMinor: 50 }));
  expect(await balanceOf(account.id)).toBe(100_050);
  expect(await biggestSpenders(link, account.id, 5)).toEqual([]);
});

test('the whole balance can be spent, and not one cent more', async ({
  postOne,
  account,
  link,
  balanceOf,
}) => {
  expect(await postOne(leg(account.id, { amountMinor: 100_001 }))).toEqual(new Refusal('insufficient_funds'));
  await posted(link, leg(account.id, { amountMinor: 100_000 }));
  expect(await postOne(leg(account.id, { amountMinor: 1 }))).toEqual(new Refusal('insufficient_funds'));
  expect(await balanceOf(account.id)).toBe(0);
  expect(await transactionsAfter(link, account, '0-0', 10)).toHaveLength(1);
});

test('balances are exact to the cent up to 2^53 - 1, the maximum', async ({ link, postOne, balanceOf }) => {
  const rich = await openTestAccount(link, { balanceMinor: Number.MAX_SAFE_INTEGER - 2 });
  const credit = (amountMinor: number) => postOne(leg(rich.id, { direction: 'credit', amountMinor }));

  expect(await credit(3)).toEqual(new Refusal('balance_limit'));
  expect(await credit(2)).toMatchObject({ transactions: [{ balanceAfterMinor: Number.MAX_SAFE_INTEGER }] });
  expect(await credit(Number.MAX_SAFE_INTEGER)).toEqual(new Refusal('balance_limit'));
  const debit = await posted(link, leg(rich.id, { amountMinor: 7_199_254_740_991 }));
  expect(debit.balanceAfterMinor).toBe(9_000_000_000_000_000);
  expect(await balanceOf(rich.id)).toBe(9_000_000_000_000_000);
});

test.for([0, -1, 1.5, Number.NaN, 2 ** 53])(
  'an amount of %s is a fault of the caller',
  async (amountMinor, { postOne, account }) => {
    await expect(postOne(leg(account.id, { amountMinor }))).rejects.toThrow(RangeError);
  },
);

test('a transfer posts both sides, each with the other as its counterparty', async ({ link, balanceOf }) => {
  const bob = await openTestAccount(link, { name: 'Bob' });
  const alice = await openTestAccount(link, { name: 'Alice', balanceMinor: 0 });
  const order = { from: bob, to: alice, amountMinor: 30_000, description: 'Rent', idempotencyKey: 'a' };

  expect(await transfer(link, order, LEDGER_OPTIONS, NOW_MS)).toMatchObject({
    transactions: [
      { accountId: bob.id, direction: 'debit', counterparty: 'Alice', balanceAfterMinor: 70_000 },
      { accountId: alice.id, direction: 'credit', counterparty: 'Bob', balanceAfterMinor: 30_000 },
    ],
  });
  expect([await balanceOf(bob.id), await balanceOf(alice.id)]).toEqual([70_000, 30_000]);
});

test('when one leg is refused, no leg is posted', async ({ link, redis, account }) => {
  const poor = await openTestAccount(link, { balanceMinor: 10 });
  const foreign = await openTestAccount(link, { currency: 'USD' });
  const before = await redis.dump();
  const both = (second: ReturnType<typeof leg>) =>
    post(link, { legs: [leg(account.id), second] }, LEDGER_OPTIONS, NOW_MS);

  expect(await both(leg(poor.id))).toEqual(new Refusal('insufficient_funds'));
  expect(await both(leg(foreign.id))).toEqual(new Refusal('currency_mismatch'));
  expect(await both(leg('nobody'))).toEqual(new Refusal('account_unknown'));
  expect(await redis.dump()).toEqual(before);
});

test('several legs on one account are checked together', async ({ account, link, balanceOf }) => {
  const most = leg(account.id, { amountMinor: 60_000 });
  expect(await post(link, { legs: [most, most] }, LEDGER_OPTIONS, NOW_MS)).toEqual(
    new Refusal('insufficient_funds'),
  );
  expect(await balanceOf(account.id)).toBe(100_000);
});

test('times never go backwards, even if the clock does', async ({ link, account }) => {
  const first = await posted(link, leg(account.id), NOW_MS);
  const second = await posted(link, leg(account.id), NOW_MS - 60_000);
  const third = await posted(link, leg(account.id), NOW_MS + 1);
  expect([first.id, second.id, third.id]).toEqual([`${NOW_MS}-0`, `${NOW_MS}-1`, `${NOW_MS + 1}-0`]);
  expect(second.at).toBe(first.at);
});

test('a transaction in the millisecond of the opening has the same id in both streams', async ({
  account,
  link,
}) => {
  const { openedAt } = account;
  const { id } = await posted(link, leg(account.id), Date.parse(openedAt));
  const newest = await link.run((client) =>
    client.xRevRange(balancesKey(account.id), '+', '-', { COUNT: 1 }),
  );
  expect(newest?.[0]?.id).toBe(id);
  expect(id).toBe(`${Date.parse(openedAt)}-1`);
});

test('both streams are trimmed to about the configured length', async ({ account, link }) => {
  const options = { transactionsKept: 100, transfersPerDayMax: 100 };
  const credit = leg(account.id, { direction: 'credit' });
  await Promise.all(Array.from({ length: 1000 }, () => post(link, { legs: [credit] }, options, NOW_MS)));
  for (const key of [transactionsKey(account.id), balancesKey(account.id)]) {
    const length = await link.run((client) => client.xLen(key));
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThanOrEqual(300);
  }
});

test('each posting notifies subscribers of the account id', async ({ redis, link, account }) => {
  const listener = await testLink(redis);
  const heard: string[] = [];
  await listener.run((client) => client.subscribe(postingsChannel(), (id) => heard.push(id)));
  const other = await openTestAccount(link);
  await post(link, { legs: [leg(account.id), leg(other.id)] }, LEDGER_OPTIONS, NOW_MS);
  await until(() => heard.length === 2);
  expect(heard).toEqual([account.id, other.id]);
  listener.close();
});

test('the newest id of an account without transactions precedes all others', async ({ link, account }) => {
  expect(await newestTransactionId(link, account.id)).toBe('0-0');
});
