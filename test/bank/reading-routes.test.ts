import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { post } from '../../src/bank/ledger-post.ts';
import {
  type Account,
  accountsAnswer,
  balanceAnswer,
  searchAnswer,
  spendersAnswer,
  type Transaction,
  transactionsAnswer,
} from '../../src/bank/schemas.ts';
import {
  type BankUnderTest,
  leg,
  openTestAccount,
  posted,
  startBankUnderTest,
  TERMS,
} from './bank-under-test.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const SECOND_MS = 1000;

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

/** Posts `count` debits, one a second, of 1, 2, 3 … cents; every third is travel. */
async function postSeries(count: number): Promise<Transaction[]> {
  const series: Transaction[] = [];
  for (let n = 1; n <= count; n++) {
    const changes = { amountMinor: n, type: n % 3 === 0 ? 'travel' : 'groceries' };
    series.push(await posted(under.link, leg(account.id, changes), START_MS + n * SECOND_MS));
  }
  return series;
}

const page = async (query: string) => {
  const answer = await under.ask('bob', `${path}/transactions${query}`);
  return transactionsAnswer.parse(answer.body);
};
const amounts = ({ transactions }: { transactions: Transaction[] }): number[] =>
  transactions.map(({ amountMinor }) => amountMinor);

test("a customer's accounts are theirs and no other's", async () => {
  await openTestAccount(under.link, { ownerId: 'alice' });
  const answer = await under.ask('bob', '/accounts');
  expect(answer.status).toBe(200);
  expect(accountsAnswer.parse(answer.body)).toEqual({ accounts: [account] });
  expect((await under.ask('carol', '/accounts')).body).toEqual({ accounts: [] });
});

test('an account shows its balance in minor units', async () => {
  await posted(under.link, leg(account.id, { amountMinor: 5 }));
  expect((await under.ask('bob', path)).body).toEqual({ ...account, balanceMinor: 9_999_995 });
});

describe('transactions', () => {
  test('are the ten newest, newest first, unless asked otherwise', async () => {
    const series = await postSeries(12);
    const { transactions, nextCursor } = await page('');
    expect(transactions).toEqual(series.slice(2).reverse());
    expect(nextCursor).toEqual(expect.any(String));
    expect(amounts(await page('?limit=2'))).toEqual([12, 11]);
  });

  test('can be paged through to the end, each exactly once, while new ones arrive', async () => {
    await postSeries(25);
    const seen: number[] = [];
    let query = '?limit=4';
    for (let pages = 1; ; pages++) {
      const one = await page(query);
      seen.push(...amounts(one));
      if (one.nextCursor === null) break;
      expect(pages).toBeLessThan(10);
      query = `?limit=4&cursor=${one.nextCursor}`;
      await posted(under.link, leg(account.id, { amountMinor: 999 }));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
  });

  test('have no next page when the last one is full', async () => {
    await postSeries(4);
    const first = await page('?limit=2');
    const last = await page(`?limit=2&cursor=${first.nextCursor}`);
    expect([amounts(first), amounts(last), last.nextCursor]).toEqual([[4, 3], [2, 1], null]);
  });

  test('can be narrowed to a type, page by page', async () => {
    await postSeries(12);
    const first = await page('?type=travel&limit=3');
    const second = await page(`?type=travel&limit=3&cursor=${first.nextCursor}`);
    expect([amounts(first), amounts(second), second.nextCursor]).toEqual([[12, 9, 6], [3], null]);
    expect(await page('?type=unheard-of')).toEqual({ transactions: [], nextCursor: null });
  });

  test('of a rare type are found behind thousands of others, in bounded steps', async () => {
    await posted(under.link, leg(account.id, { type: 'travel' }), START_MS);
    await Promise.all(
      Array.from({ length: 10_500 }, () =>
        post(under.link, { legs: [leg(account.id)] }, TERMS, START_MS + 1),
      ),
    );
    const first = await page('?type=travel');
    expect(first).toEqual({ transactions: [], nextCursor: expect.any(String) });
    const second = await page(`?type=travel&cursor=${first.nextCursor}`);
    expect([second.transactions.length, second.nextCursor]).toEqual([1, null]);
  });

  test('can be narrowed to a span of time, both ends included, as milliseconds or RFC 3339', async () => {
    await postSeries(6);
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

describe('search', () => {
  const search = async (query: string) =>
    searchAnswer.parse((await under.ask('bob', `${path}/transactions/search?${query}`)).body);

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
    await postSeries(12);
    const some = await search('term=larkfield&limit=3');
    expect([amounts(some), some.complete]).toEqual([[12, 11, 10], false]);
    expect((await search('term=larkfield&limit=12')).complete).toBe(true);
  });

  test('finds nothing for a term that only a pattern would match', async () => {
    await postSeries(3);
    expect(await search('term=.*.')).toEqual({ transactions: [], complete: true });
  });
});

describe('balance', () => {
  const balance = async (query = '') =>
    balanceAnswer.parse((await under.ask('bob', `${path}/balance${query}`)).body);

  test('is every point, oldest first, when there are no more than asked for', async () => {
    const series = await postSeries(3);
    expect(await balance('?points=4')).toEqual([
      { x: Date.parse(account.openedAt), y: 10_000_000 },
      ...series.map(({ at, balanceAfterMinor }) => ({ x: Date.parse(at), y: balanceAfterMinor })),
    ]);
  });

  test('is down-sampled to the number of points asked for, and keeps the first and the last', async () => {
    const series = await postSeries(50);
    const points = await balance(`?from=${START_MS}&points=8`);
    const real = series.map(({ at, balanceAfterMinor }) => ({ x: Date.parse(at), y: balanceAfterMinor }));
    expect(points).toHaveLength(8);
    expect([points[0], points.at(-1)]).toEqual([real[0], real.at(-1)]);
    for (const point of points) expect(real).toContainEqual(point);
    expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).toSorted((a, b) => a - b));
    expect(new Set(points.map(({ x }) => x)).size).toBe(8);
  });

  test('has no more points than there are spans with a posting, however many lie in one', async () => {
    const burst = leg(account.id, { amountMinor: 1 });
    for (let n = 0; n < 40; n++) await posted(under.link, burst, START_MS);
    await posted(under.link, burst, START_MS + 100 * SECOND_MS);
    const points = await balance(`?from=${START_MS}&points=10`);
    expect(points).toEqual([
      { x: START_MS, y: 9_999_999 },
      { x: START_MS, y: 9_999_960 },
      { x: START_MS + 100 * SECOND_MS, y: 9_999_959 },
    ]);
  });

  test('is limited to a span of time, and empty where nothing was posted', async () => {
    await postSeries(6);
    const span = await balance(`?from=${START_MS + 2000}&to=${START_MS + 3000}`);
    expect(span.map(({ x }) => x)).toEqual([START_MS + 2000, START_MS + 3000]);
    expect(await balance(`?from=${START_MS + 60_000}`)).toEqual([]);
  });
});

describe('spenders', () => {
  const spenders = async (query = '') =>
    spendersAnswer.parse((await under.ask('bob', `${path}/spenders${query}`)).body);

  test('are the biggest, biggest first, five unless asked otherwise', async () => {
    for (const [index, name] of ['A', 'B', 'C', 'D', 'E', 'F'].entries())
      await posted(under.link, leg(account.id, { counterparty: name, amountMinor: (index + 1) * 10 }));
    await posted(under.link, leg(account.id, { counterparty: 'A', amountMinor: 1000 }));
    const five = await spenders();
    expect(five.spenders.map(({ counterparty }) => counterparty)).toEqual(['A', 'F', 'E', 'D', 'C']);
    expect(await spenders('?limit=1')).toEqual({
      currency: 'EUR',
      spenders: [{ counterparty: 'A', amountMinor: 1010 }],
    });
  });
});

describe('a query that is wrong is 400 and names the field', () => {
  test.each([
    ['?x=1', 'x'],
    ['/transactions?limit=0', 'limit'],
    ['/transactions?limit=101', 'limit'],
    ['/transactions?limit=-1', 'limit'],
    ['/transactions?limit=1e1', 'limit'],
    ['/transactions?limit=', 'limit'],
    ['/transactions?limit=1&limit=2', 'limit'],
    ['/transactions?cursor=abc', 'cursor'],
    ['/transactions?cursor=MS0x%3D', 'cursor'],
    [`/transactions?cursor=${Buffer.from('99999999999999999999-1').toString('base64url')}`, 'cursor'],
    [`/transactions?cursor=${'A'.repeat(5000)}`, 'cursor'],
    ['/transactions?type=Groceries', 'type'],
    ['/transactions?type=%00', 'type'],
    ['/transactions?from=yesterday', 'from'],
    ['/transactions?from=-1', 'from'],
    ['/transactions?from=1e20', 'from'],
    ['/transactions?from=1969-12-31T23:59:59Z', 'from'],
    ['/transactions?to=9999999999999999', 'to'],
    ['/transactions?from=2&to=1', 'from'],
    ['/transactions?__proto__=1', '__proto__'],
    ['/transactions/search', 'term'],
    ['/transactions/search?term=ab', 'term'],
    ['/transactions/search?term=%20%20ab%20', 'term'],
    [`/transactions/search?term=${'a'.repeat(101)}`, 'term'],
    ['/transactions/search?term=abc&term=abd', 'term'],
    ['/transactions/search?term=abc&limit=500', 'limit'],
    ['/balance?points=1', 'points'],
    ['/balance?points=1001', 'points'],
    ['/balance?to=%27', 'to'],
    ['/spenders?limit=51', 'limit'],
    ['/stream?after=1', 'after'],
  ])('%s', async (rest, field) => {
    const answer = await under.ask('bob', path + rest);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'query_invalid', status: 400, type: 'urn:portcullis:problem:query_invalid' },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.errors).toEqual([{ field, message: expect.stringMatching(/^(wants|is not known)/) }]);
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
