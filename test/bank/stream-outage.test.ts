import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { readEvents } from './event-reader.ts';
import { leg, openTestAccount, posted } from './postings.ts';

let under: BankUnderTest;
let account: Account;

beforeAll(async () => {
  under = await startBankUnderTest({}, { persist: true });
  account = await openTestAccount(under.link, { ownerId: 'bob' });
});
afterAll(() => under.close());

test('a stream outlives a restart of Redis and loses nothing', async () => {
  const headers = { authorization: `Bearer ${await under.assertion('bob')}` };
  const reader = await readEvents(`${under.url}/accounts/${account.id}/stream`, headers);
  const before = await posted(under.link, leg(account.id));
  await reader.first(1);
  await under.redis.kill();
  await under.redis.restart();
  await until(() => under.link.ready);
  const after = await posted(under.link, leg(account.id));
  expect((await reader.first(2)).map(({ id }) => id)).toEqual([before.id, after.id]);
  reader.abort();
});
