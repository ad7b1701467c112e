import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { post } from '../../src/bank/ledger/post.ts';
import type { Transaction } from '../../src/bank/schemas.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, bankTest, startBankUnderTest } from './bank-under-test.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, posted } from './postings.ts';

type Post = (count: number, description?: string) => Promise<unknown>;
type Connect = (lastEventId?: string, options?: { paused?: boolean }) => Promise<EventReader>;

const test = bankTest()
  .extend(
    'stream',
    ({ bank, account }): Connect =>
      async (lastEventId, options) => {
        const path = `/accounts/${account.id}/stream`;
        const authorization = `Bearer ${bank.assertion('bob', path)}`;
        const headers = { authorization, ...(lastEventId && { 'last-event-id': lastEventId }) };
        return readEvents(bank.url + path, headers, options);
      },
  )
  .extend(
    'postMany',
    ({ bank, account }): Post =>
      (count, description = 'Weekly shop') => {
        const legs = oneTo(count).map((amountMinor) => leg(account.id, { amountMinor, description }));
        return Promise.all(legs.map((one) => post(bank.link, { legs: [one] }, LEDGER_OPTIONS, Date.now())));
      },
  );

const amountsOf = ({ events }: EventReader): number[] =>
  events.map(({ data }) => (data as Transaction).amountMinor);
const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('a stream sends each new transaction, and no earlier ones', async ({ bank, account, stream }) => {
  await posted(bank.link, leg(account.id));
  const reader = await stream();
  expect(reader.response.statusCode).toBe(200);
  expect(reader.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
  });
  for (const amountMinor of [1, 2]) {
    const transaction = await posted(bank.link, leg(account.id, { amountMinor }));
    const events = await reader.first(amountMinor);
    expect(events.at(-1)).toEqual({ id: transaction.id, event: 'transaction', data: transaction });
  }
  reader.abort();
});

test('a resumed stream sends all missed transactions once and in order, then new ones', async ({
  bank,
  account,
  stream,
  postMany,
}) => {
  const last = await posted(bank.link, leg(account.id, { amountMinor: 777 }));
  await postMany(250);
  const reader = await stream(last.id);
  await reader.first(250);
  await posted(bank.link, leg(account.id, { amountMinor: 251 }));
  await reader.first(251);
  expect(amountsOf(reader)).toEqual(oneTo(251));
  reader.abort();
});

test('a stream begins with its position, so that a client can resume before the first event', async ({
  bank,
  account,
  stream,
}) => {
  const before = await posted(bank.link, leg(account.id));
  const first = await stream();
  await until(() => first.text().includes('\n\n'));
  first.abort();
  const opening = /^id: (\S+)$/m.exec(first.text())?.[1];
  expect(opening).toBe(before.id);
  const missed = await posted(bank.link, leg(account.id));
  const second = await stream(opening);
  expect(await second.first(1)).toMatchObject([{ id: missed.id }]);
  second.abort();
});

test('no transaction is lost or repeated under concurrent postings', async ({ stream, postMany }) => {
  const reader = await stream();
  await postMany(1000);
  await reader.first(1000);
  expect(amountsOf(reader).toSorted((a, b) => a - b)).toEqual(oneTo(1000));
  const ids = reader.events.map(({ id }) => id);
  expect(new Set(ids).size).toBe(1000);
  reader.abort();
});

test('a stream sends the transactions of one account only', async ({ bank, account, stream }) => {
  const other = await openTestAccount(bank.link, { ownerId: 'bob' });
  const reader = await stream();
  await posted(bank.link, leg(other.id, { amountMinor: 5 }));
  await posted(bank.link, leg(account.id, { amountMinor: 6 }));
  await reader.first(1);
  expect(amountsOf(reader)).toEqual([6]);
  reader.abort();
});

test('all streams of a process share one subscribed connection', async ({ bank, account, stream }) => {
  const readers = await Promise.all([1, 2, 3, 4].map(() => stream()));
  await posted(bank.link, leg(account.id));
  await Promise.all(readers.map((reader) => reader.first(1)));
  const clients = await bank.link.run((client) => client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'pubsub']));
  expect(String(clients).trim().split('\n')).toHaveLength(1);
  for (const reader of readers) reader.abort();
});

test('a posting is not missed when the subscribed connection breaks', async ({ bank, account, stream }) => {
  const reader = await stream();
  await bank.link.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']));
  await posted(bank.link, leg(account.id, { amountMinor: 9 }));
  await reader.first(1);
  expect(amountsOf(reader)).toEqual([9]);
  reader.abort();
});

test.for(['abc', '1', '99999999999999999999-0', '1-1 '.repeat(20)])(
  'the Last-Event-ID %s is 400',
  async (lastEventId, { bank, account }) => {
    const response = await bank.ask('bob', `/accounts/${account.id}/stream`, {
      headers: { 'last-event-id': lastEventId },
    });
    expect(response).toMatchObject({
      status: 400,
      body: { code: 'header_invalid', errors: [{ field: 'Last-Event-ID' }] },
    });
  },
);

test('the ledger is not read ahead of a slow client, which receives everything in the end', async ({
  bank,
  stream,
  postMany,
}) => {
  const [count, perRead] = [3000, 100];
  await postMany(count, 'x'.repeat(8192));
  const before = await rangesRead(bank);
  const reader = await stream('0-0', { paused: true });
  const stalledAt = await steady(() => rangesRead(bank));
  expect(stalledAt - before).toBeLessThan((count / perRead) * 0.8);
  reader.response.resume();
  await reader.first(count);
  expect(amountsOf(reader)).toEqual(oneTo(count));
  reader.abort();
});

test('an idle stream sends heartbeats, and a shutdown ends it cleanly and at once', async () => {
  const other = await startBankUnderTest({ BANK_STREAM_HEARTBEAT_MS: '50', SHUTDOWN_GRACE_MS: '10000' });
  const own = await openTestAccount(other.link, { ownerId: 'bob' });
  const path = `/accounts/${own.id}/stream`;
  const headers = { authorization: `Bearer ${other.assertion('bob', path)}` };
  const reader = await readEvents(other.url + path, headers);
  await until(() => reader.text().split(/^:.*$/m).length > 3);

  const startedMs = performance.now();
  await other.bank.close();
  await reader.ended;
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(reader.response.complete).toBe(true);
  await other.close();
});

async function rangesRead(bank: BankUnderTest): Promise<number> {
  const stats = await bank.link.run((client) => client.info('commandstats'));
  return Number(/cmdstat_xrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

/** The value once it has been the same for 300 ms. */
async function steady(read: () => Promise<number>): Promise<number> {
  for (let value = await read(); ; ) {
    await delay(300);
    const next = await read();
    if (next === value) return value;
    value = next;
  }
}
