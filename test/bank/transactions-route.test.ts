import { describe, expect } from 'vitest';
import { post } from '../../src/bank/ledger/post.ts';
import { type Transaction, transactionsResponse } from '../../src/bank/schemas.ts';
import { bankTest } from './bank-under-test.ts';
import { LEDGER_OPTIONS, leg, posted, postSeries } from './postings.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const SECOND_MS = 1000;

const test = bankTest().extend(
  'page',
  ({ bank, path }) =>
    async (query: string) =>
      transactionsResponse.parse((await bank.ask('bob', `${path}/transactions${query}`)).body),
);

const amounts = ({ transactions }: { transactions: Transaction[] }): number[] =>
  transactions.map(({ amountMinor }) => amountMinor);

describe('transactions', () => {
  test('are the ten newest by default, newest first', async ({ bank, account, page }) => {
    const series = await postSeries(bank.link, account.id, START_MS, 12);
    const { transactions, nextCursor } = await page('');
    expect(transactions).toEqual(series.slice(2).reverse());
    expect(nextCursor).toEqual(expect.any(String));
    expect(amounts(await page('?limit=2'))).toEqual([12, 11]);
  });

  test('can be paged to the end, each exactly once, while new ones are posted', async ({
    bank,
    account,
    page,
  }) => {
    await postSeries(bank.link, account.id, START_MS, 25);
    const seen: number[] = [];
    let query = '?limit=4';
    for (let pages = 1; ; pages++) {
      const one = await page(query);
      seen.push(...amounts(one));
      if (one.nextCursor === null) break;
      expect(pages).toBeLessThan(10);
      query = `?limit=4&cursor=${one.nextCursor}`;
      await posted(bank.link, leg(account.id, { amountMinor: 999 }));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
  });

  test('have no next page after a last page that is full', async ({ bank, account, page }) => {
    await postSeries(bank.link, account.id, START_MS, 4);
    const first = await page('?limit=2');
    const last = await page(`?limit=2&cursor=${first.nextCursor}`);
    expect([amounts(first), amounts(last), last.nextCursor]).toEqual([[4, 3], [2, 1], null]);
  });

  test('can be filtered by type, page by page', async ({ bank, account, page }) => {
    await postSeries(bank.link, account.id, START_MS, 12);
    const first = await page('?type=travel&limit=3');
    const second = await page(`?type=travel&limit=3&cursor=${first.nextCursor}`);
    expect([amounts(first), amounts(second), second.nextCursor]).toEqual([[12, 9, 6], [3], null]);
    expect(await page('?type=unheard-of')).toEqual({ transactions: [], nextCursor: null });
  });

  test('of a rare type are found after thousands of others, in bounded steps', async ({
    bank,
    account,
    page,
  }) => {
    await posted(bank.link, leg(account.id, { type: 'travel' }), START_MS);
    await Promise.all(
      Array.from({ length: 10_500 }, () =>
        post(bank.link, { legs: [leg(account.id)] }, LEDGER_OPTIONS, START_MS + 1),
      ),
    );
    const first = await page('?type=travel');
    expect(first).toEqual({ transactions: [], nextCursor: expect.any(String) });
    const second = await page(`?type=travel&cursor=${first.nextCursor}`);
    expect([second.transactions.length, second.nextCursor]).toEqual([1, null]);
  });

  test('can be filtered by an inclusive time range, as milliseconds or RFC 3339', async ({
    bank,
    account,
    page,
  }) => {
    await postSeries(bank.link, account.id, START_MS, 6);
    const [from, to] = [START_MS + 2 * SECOND_MS, START_MS + 4 * SECOND_MS];
    expect(amounts(await page(`?from=${from}&to=${to}`))).toEqual([4, 3, 2]);
    expect(amounts(await page('?from=2026-03-01T12:00:02Z&to=2026-03-01T13:00:04%2B01:00'))).toEqual([
      4, 3, 2,
    ]);
    expect(amounts(await page(`?from=${to}`))).toEqual([6, 5, 4]);
    const first = await page(`?to=${to}&limit=2`);
    expect(amounts(await page(`?to=${to}&limit=2&cursor=${first.nextCursor}`))).toEqual([2, 1]);
    const { nextCursor: newer } = await page('?limit=1');
    expect(amounts(await page(`?to=${from}&cursor=${newer}`))).toEqual([2, 1]);
  });
});
