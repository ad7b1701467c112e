import { expect, onTestFinished } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import { transactionsKey } from '../../src/redis/keys.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, bankTest } from './bank-under-test.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { openTestAccount } from './postings.ts';

const TOO_MANY_SEARCHES = { status: 429, body: { code: 'too_many_searches' } };
const TOO_MANY_STREAMS = { status: 429, body: { code: 'too_many_streams' } };

const test = bankTest({
  REDIS_DEADLINE_MS: '900',
  BANK_SEARCHES_PER_USER_MAX: '2',
  BANK_OPEN_STREAMS_PER_USER_MAX: '2',
}).extend('large', async ({ bank, account }): Promise<Account> => {
  await postMany(bank, account, 12_000);
  return account;
});

/** Adds transactions in one step, with numbers in their descriptions. */
const ADD_MANY = `
for n = 0, ARGV[1] - 1 do
  redis.call('XADD', KEYS[1], n + 1 .. '-0', 'direction', 'debit', 'type', 'groceries', 'counterparty', 'Larkfield Market',
    'description', 'No. ' .. n, 'amountMinor', 1, 'balanceAfterMinor', 1)
end`;

const postMany = ({ link }: BankUnderTest, { id }: Account, count: number): Promise<unknown> =>
  link.run((client) => client.eval(ADD_MANY, { keys: [transactionsKey(id)], arguments: [`${count}`] }));

function openStream(bank: BankUnderTest, sub: string, id: string): Promise<EventReader> {
  const path = `/accounts/${id}/stream`;
  return readEvents(bank.url + path, { authorization: `Bearer ${bank.assertion(sub, path)}` });
}

test('a user with too many concurrent searches gets a 429, and every request of another user is served', async ({
  bank,
  large,
}) => {
  await openTestAccount(bank.link, { ownerId: 'alice' });
  const searches = Array.from({ length: 60 }, (_, n) =>
    bank.ask('bob', `/accounts/${large.id}/transactions${n % 2 ? '?type=zzz' : '/search?term=zzz'}`),
  );
  const others = Array.from({ length: 60 }, () => bank.ask('alice', '/accounts'));
  for (const { status } of await Promise.all(others)) expect(status).toBe(200);
  const responses = await Promise.all(searches);
  const refused = responses.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThanOrEqual(50);
  for (const response of refused) expect(response).toMatchObject(TOO_MANY_SEARCHES);
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect(await bank.ask('bob', `/accounts/${large.id}/transactions/search?term=zzz`)).toMatchObject({
    status: 200,
  });
});

test('a refused search does not wait for Redis', async ({ bank, path }) => {
  const search = () => bank.ask('bob', `${path}/transactions/search?term=zzz`);
  bank.redis.freeze();
  onTestFinished(() => bank.redis.thaw());
  expect(await Promise.race([search(), search(), search()])).toMatchObject(TOO_MANY_SEARCHES);
});

test('a search goes on beyond the newest 10,000 transactions with its cursor', async ({ bank, large }) => {
  const search = (more: string) =>
    bank.ask('bob', `/accounts/${large.id}/transactions/search?term=no.%2042&limit=100${more}`);
  const { body: first } = await search('');
  expect(first).toMatchObject({ complete: false });
  const { body: second } = await search(`&cursor=${first.nextCursor}`);
  expect(second).toMatchObject({ complete: true, nextCursor: null });
  const found = [first, second].flatMap(({ transactions }) => transactions as { description: string }[]);
  expect(found.map(({ description }) => description)).toContain('No. 42');
  expect(new Set(found.map(({ description }) => description)).size).toBe(found.length);
});

test('a user with too many open streams gets a 429, until one is closed', async ({ bank, account }) => {
  const alice = await openTestAccount(bank.link, { ownerId: 'alice' });
  const [first] = [await openStream(bank, 'bob', account.id), await openStream(bank, 'bob', account.id)];
  const path = `/accounts/${account.id}/stream`;
  expect(await bank.ask('bob', path)).toMatchObject(TOO_MANY_STREAMS);
  expect((await openStream(bank, 'alice', alice.id)).response.statusCode).toBe(200);
  first.abort();
  await until(async () => {
    const next = await openStream(bank, 'bob', account.id);
    next.abort();
    return next.response.statusCode === 200;
  });
});

test('500 open streams need no connection to Redis of their own', async ({ bank }) => {
  const clients = async (): Promise<number> =>
    String(await bank.link.run((client) => client.sendCommand(['CLIENT', 'LIST'])))
      .trim()
      .split('\n').length;
  const before = await clients();
  const readers: EventReader[] = [];
  for (let user = 0; user < 250; user += 25)
    await Promise.all(
      Array.from({ length: 25 }, async (_, n) => {
        const { id } = await openTestAccount(bank.link, { ownerId: `user-${user + n}` });
        for (const stream of [1, 2])
          readers[(user + n) * 2 + stream] = await openStream(bank, `user-${user + n}`, id);
      }),
    );
  const open = readers.filter(({ response }) => response.statusCode === 200 && !response.complete);
  expect(open).toHaveLength(500);
  expect(await clients()).toBe(before);
  for (const reader of open) reader.abort();
});
