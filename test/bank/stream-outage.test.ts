import { expect } from 'vitest';
import { until } from '../support/until.ts';
import { bankTest } from './bank-under-test.ts';
import { readEvents } from './event-reader.ts';
import { leg, posted } from './postings.ts';

const test = bankTest({}, { persist: true });

test('a stream survives a restart of Redis and loses nothing', async ({ bank, account }) => {
  const path = `/accounts/${account.id}/stream`;
  const headers = { authorization: `Bearer ${bank.assertion('bob', path)}` };
  const reader = await readEvents(bank.url + path, headers);
  const before = await posted(bank.link, leg(account.id));
  await reader.first(1);
  await bank.redis.kill();
  await bank.redis.restart();
  await until(() => bank.link.ready);
  const after = await posted(bank.link, leg(account.id));
  expect((await reader.first(2)).map(({ id }) => id)).toEqual([before.id, after.id]);
  reader.abort();
});
