import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { post } from '../../src/bank/ledger/post.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { leg, openTestAccount, posted, TERMS } from './postings.ts';

let under: BankUnderTest;
let account: Account;

beforeAll(async () => {
  under = await startBankUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await under.redis.flush();
  account = await openTestAccount(under.link, { ownerId: 'bob', balanceMinor: 10_000_000 });
});

const headersFor = async (lastEventId?: string): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await under.assertion('bob')}`,
  ...(lastEventId && { 'last-event-id': lastEventId }),
});

const stream = async (lastEventId?: string, options = {}): Promise<EventReader> =>
  readEvents(`${under.url}/accounts/${account.id}/stream`, await headersFor(lastEventId), options);

const postMany = (count: number, description = 'Weekly shop'): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      post(
        under.link,
        { legs: [leg(account.id, { amountMinor: index + 1, description })] },
        TERMS,
        Date.now(),
      ),
    ),
  );

const amountsOf = ({ events }: EventReader): number[] =>
  events.map(({ data }) => (data as Transaction).amountMinor);
const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('a stream gives each transaction as it happens, and none from before', async () => {
  await posted(under.link, leg(account.id));
  const reader = await stream();
  expect(reader.answer.statusCode).toBe(200);
  expect(reader.answer.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
  });
  for (const amountMinor of [1, 2]) {
    const transaction = await posted(under.link, leg(account.id, { amountMinor }));
    const events = await reader.first(amountMinor);
    expect(events.at(-1)).toEqual({ id: transaction.id, event: 'transaction', data: transaction });
  }
  reader.abort();
});

test('a stream that resumes gives all that was missed, in order and once, and goes on live', async () => {
  const last = await posted(under.link, leg(account.id, { amountMinor: 777 }));
  await postMany(250);
  const reader = await stream(last.id);
  await reader.first(250);
  await posted(under.link, leg(account.id, { amountMinor: 251 }));
  await reader.first(251);
  expect(amountsOf(reader)).toEqual(oneTo(251));
  reader.abort();
});

test('a stream opens with where it is, so that a client that saw no event can resume too', async () => {
  const before = await posted(under.link, leg(account.id));
  const first = await stream();
  await until(() => first.text().includes('\n\n'));
  first.abort();
  const opening = /^id: (\S+)$/m.exec(first.text())?.[1];
  expect(opening).toBe(before.id);
  const missed = await posted(under.link, leg(account.id));
  const second = await stream(opening);
  expect(await second.first(1)).toMatchObject([{ id: missed.id }]);
  second.abort();
});

test('nothing is lost or repeated when many post while a stream is read', async () => {
  const reader = await stream();
  await postMany(1000);
  await reader.first(1000);
  expect(amountsOf(reader).toSorted((a, b) => a - b)).toEqual(oneTo(1000));
  const ids = reader.events.map(({ id }) => id);
  expect(new Set(ids).size).toBe(1000);
  reader.abort();
});

test("a stream carries one account's transactions and no other's", async () => {
  const other = await openTestAccount(under.link, { ownerId: 'bob' });
  const reader = await stream();
  await posted(under.link, leg(other.id, { amountMinor: 5 }));
  await posted(under.link, leg(account.id, { amountMinor: 6 }));
  await reader.first(1);
  expect(amountsOf(reader)).toEqual([6]);
  reader.abort();
});

test('all streams of a process share one subscribed connection', async () => {
  const readers = await Promise.all([1, 2, 3, 4].map(() => stream()));
  await posted(under.link, leg(account.id));
  await Promise.all(readers.map((reader) => reader.first(1)));
  const clients = await under.link.run((client) => client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'pubsub']));
  expect(String(clients).trim().split('\n')).toHaveLength(1);
  for (const reader of readers) reader.abort();
});

test('a posting is not missed when the subscribed connection is cut at that moment', async () => {
  const reader = await stream();
  await under.link.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']));
  await posted(under.link, leg(account.id, { amountMinor: 9 }));
  await reader.first(1);
  expect(amountsOf(reader)).toEqual([9]);
  reader.abort();
});

test.each(['abc', '1', '99999999999999999999-0', '1-1 '.repeat(20)])(
  'the Last-Event-ID %s is 400',
  async (lastEventId) => {
    const answer = await under.ask('bob', `/accounts/${account.id}/stream`, {
      headers: { 'last-event-id': lastEventId },
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'header_invalid', errors: [{ field: 'Last-Event-ID' }] },
    });
  },
);

describe('with a short heartbeat', () => {
  test('a silent stream shows signs of life, and a stop ends it in an orderly way and at once', async () => {
    const other = await startBankUnderTest({ BANK_STREAM_HEARTBEAT_MS: '50', SHUTDOWN_GRACE_MS: '10000' });
    const own = await openTestAccount(other.link, { ownerId: 'bob' });
    const headers = { authorization: `Bearer ${await other.assertion('bob')}` };
    const reader = await readEvents(`${other.url}/accounts/${own.id}/stream`, headers);
    await until(() => reader.text().split(/^:.*$/m).length > 3);

    const startedMs = performance.now();
    await other.bank.close();
    await reader.ended;
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(reader.answer.complete).toBe(true);
    await other.close();
  });
});
