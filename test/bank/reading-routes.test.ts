import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, accountsResponse, searchResponse, type Transaction } from '../../src/bank/schemas.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { leg, openTestAccount, posted, postSeries } from './postings.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');

let under: BankUnderTest;
let account: Account;
let path: string;

beforeAll(async () => {
  under = await startBankUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await under.redis.flush();
  account = await openTestAccount(under.link, { ownerId: 'bob', name: 'Bob', balanceMinor: 10_000_000 });
  path = `/accounts/${account.id}`;
});

const amounts = ({ transactions }: { transactions: Transaction[] }): number[] =>
  transactions.map(({ amountMinor }) => amountMinor);

test("a customer's accounts are theirs and no other's", async () => {
  await openTestAccount(under.link, { ownerId: 'alice' });
  const answer = await under.ask('bob', '/accounts');
  expect(answer.status).toBe(200);
  expect(accountsResponse.parse(answer.body)).toEqual({ accounts: [account] });
  expect((await under.ask('carol', '/accounts')).body).toEqual({ accounts: [] });
});

test('an account shows its balance in minor units', async () => {
  await posted(under.link, leg(account.id, { amountMinor: 5 }));
  expect((await under.ask('bob', path)).body).toEqual({ ...account, balanceMinor: 9_999_995 });
});

describe('search', () => {
  const search = async (query: string) =>
    searchResponse.parse((await under.ask('bob', `${path}/transactions/search?${query}`)).body);

  test.each([
    ['counterparty', 'term=EMBER'],
    ['description', 'term=full%20tank'],
    ['type', 'term=transpo'],
    ['the term less its outer white space', 'term=%20ember%20'],
  ])('finds by %s in either case', async (_what, query) => {
    const wanted = leg(account.id, {
      counterparty: 'Ember Fuel',
      type: 'transport',
      description: 'Full Tank',
    });
    const found = await posted(under.link, wanted);
    await posted(under.link, leg(account.id));
    expect(await search(query)).toEqual({ transactions: [found], complete: true });
  });

  test('finds letters beyond ASCII in either case', async () => {
    await posted(under.link, leg(account.id, { counterparty: 'CAFÉ ÖRE' }));
    expect((await search('term=caf%C3%A9%20%C3%B6re')).transactions).toHaveLength(1);
  });

  test('gives the newest first, as many as asked for, and says when there may be more', async () => {
    await postSeries(under.link, account.id, START_MS, 12);
    const some = await search('term=larkfield&limit=3');
    expect([amounts(some), some.complete]).toEqual([[12, 11, 10], false]);
    expect((await search('term=larkfield&limit=12')).complete).toBe(true);
  });

  test('finds nothing for a term that only a pattern would match', async () => {
    await postSeries(under.link, account.id, START_MS, 3);
    expect(await search('term=.*.')).toEqual({ transactions: [], complete: true });
  });
});

test('a method that a route does not have is 405 and says which it has', async () => {
  const answer = await under.ask('bob', path, { method: 'PUT' });
  expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
  const transfers = await under.ask('bob', `${path}/transfers`);
  expect(transfers.headers.get('allow')).toBe('POST');
});

test.each(['/', '/accounts/', '/bank/accounts', '/accounts/x/y'])('the path %s is 404', async (unknown) => {
  expect(await under.ask('bob', unknown)).toMatchObject({ status: 404, body: { code: 'not_found' } });
});

test('HEAD of a stream ends', async () => {
  const answer = await under.ask('bob', `${path}/stream`, { method: 'HEAD' });
  expect(answer.status).toBe(200);
});
