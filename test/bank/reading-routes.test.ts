import { describe, expect } from 'vitest';
import { accountsResponse, searchResponse, type Transaction } from '../../src/bank/schemas.ts';
import { bankTest } from './bank-under-test.ts';
import { leg, openTestAccount, posted, postSeries } from './postings.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');

const test = bankTest().extend(
  'search',
  ({ bank, path }) =>
    async (query: string) =>
      searchResponse.parse((await bank.ask('bob', `${path}/transactions/search?${query}`)).body),
);

const amounts = ({ transactions }: { transactions: Transaction[] }): number[] =>
  transactions.map(({ amountMinor }) => amountMinor);

test('a customer sees only their own accounts', async ({ bank, account }) => {
  await openTestAccount(bank.link, { ownerId: 'alice' });
  const response = await bank.ask('bob', '/accounts');
  expect(response.status).toBe(200);
  expect(accountsResponse.parse(response.body)).toEqual({ accounts: [account] });
  expect((await bank.ask('carol', '/accounts')).body).toEqual({ accounts: [] });
});

test('an account shows its balance in minor units', async ({ bank, account, path }) => {
  await posted(bank.link, leg(account.id, { amountMinor: 5 }));
  expect((await bank.ask('bob', path)).body).toEqual({ ...account, balanceMinor: 9_999_995 });
});

describe('search', () => {
  test.for<[string, string]>([
    ['counterparty', 'term=EMBER'],
    ['description', 'term=full%20tank'],
    ['type', 'term=transpo'],
    ['the term less its outer white space', 'term=%20ember%20'],
  ])('finds by %s in either case', async ([_what, query], { bank, account, search }) => {
    const wanted = leg(account.id, {
      counterparty: 'Ember Fuel',
      type: 'transport',
      description: 'Full Tank',
    });
    const found = await posted(bank.link, wanted);
    await posted(bank.link, leg(account.id));
    expect(await search(query)).toEqual({ transactions: [found], complete: true, nextCursor: null });
  });

  test('finds letters beyond ASCII in either case', async ({ bank, account, search }) => {
    await posted(bank.link, leg(account.id, { counterparty: 'CAFÉ ÖRE' }));
    expect((await search('term=caf%C3%A9%20%C3%B6re')).transactions).toHaveLength(1);
  });

  test('returns the newest first, up to the limit, and shows whether there may be more', async ({
    bank,
    account,
    search,
  }) => {
    await postSeries(bank.link, account.id, START_MS, 12);
    const some = await search('term=larkfield&limit=3');
    expect([amounts(some), some.complete]).toEqual([[12, 11, 10], false]);
    expect((await search('term=larkfield&limit=12')).complete).toBe(true);
  });

  test('continues after its last page', async ({ bank, account, search }) => {
    await postSeries(bank.link, account.id, START_MS, 5);
    const first = await search('term=larkfield&limit=3');
    const second = await search(`term=larkfield&limit=3&cursor=${first.nextCursor}`);
    expect([amounts(second), second.complete, second.nextCursor]).toEqual([[2, 1], true, null]);
  });

  test('does not treat the term as a pattern', async ({ bank, account, search }) => {
    await postSeries(bank.link, account.id, START_MS, 3);
    expect(await search('term=.*.')).toEqual({ transactions: [], complete: true, nextCursor: null });
  });
});

test('an unsupported method is 405 with the supported ones in Allow', async ({ bank, path }) => {
  const response = await bank.ask('bob', path, { method: 'PUT' });
  expect(response).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(response.headers.get('allow')).toBe('GET, HEAD');
  const transfers = await bank.ask('bob', `${path}/transfers`);
  expect(transfers.headers.get('allow')).toBe('POST');
});

test.for(['/', '/accounts/', '/bank/accounts', '/accounts/x/y'])(
  'the path %s is 404',
  async (unknown, { bank }) => {
    expect(await bank.ask('bob', unknown)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  },
);

test('HEAD of a stream ends', async ({ bank, path }) => {
  const response = await bank.ask('bob', `${path}/stream`, { method: 'HEAD' });
  expect(response.status).toBe(200);
});
