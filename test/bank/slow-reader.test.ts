import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { post } from '../../src/bank/ledger/post.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { leg, openTestAccount, TERMS } from './postings.ts';

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

test('a slow reader is not read ahead for, and gets everything when it goes on', async () => {
  const [count, perRead] = [3000, 100];
  await postMany(count, 'x'.repeat(8192));
  const before = await rangesRead();
  const reader = await stream('0-0', { paused: true });
  const stalledAt = await steady(rangesRead);
  expect(stalledAt - before).toBeLessThan((count / perRead) * 0.8);
  reader.answer.resume();
  await reader.first(count);
  expect(amountsOf(reader)).toEqual(oneTo(count));
  reader.abort();
});

async function rangesRead(): Promise<number> {
  const stats = await under.link.run((client) => client.info('commandstats'));
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
