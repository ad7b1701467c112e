import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBankApp } from '../../src/bank/app.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { createBankServer } from '../../src/bank/server.ts';
import { PostingsFeed } from '../../src/bank/stream/postings-feed.ts';
import { drain, listen } from '../../src/http/server.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, claimsOf, startBankUnderTest } from './bank-under-test.ts';
import { readEvents } from './event-reader.ts';
import { LEDGER_OPTIONS, openTestAccount, testLink } from './postings.ts';

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

describe('with parts that the test can look into', () => {
  test('a disconnected client is removed, and HEAD adds none', async () => {
    const [link, listening] = await Promise.all([testLink(under.redis), testLink(under.redis)]);
    const log = createLog('bank', 'silent');
    const feed = new PostingsFeed(listening, log, 60_000);
    const claims = claimsOf(under.settings, 'bob', {});
    const verifier = { verify: () => Promise.resolve(claims) };
    const limits = { streamHeartbeatMs: 60_000, bodyMaxBytes: 1000 };
    const app = createBankApp({
      link,
      feed,
      verifier,
      log,
      options: LEDGER_OPTIONS,
      now: Date.now,
      ...limits,
    });
    const server = createBankServer(app);
    const url = `${await listen(server, '127.0.0.1', 0)}/accounts/${account.id}/stream`;
    const headers = { authorization: 'Bearer x' };

    const reader = await readEvents(url, headers);
    await until(() => feed.size === 1);
    expect((await fetch(url, { method: 'HEAD', headers })).status).toBe(200);
    expect(feed.size).toBe(1);
    reader.abort();
    await until(() => feed.size === 0);

    await readEvents(url, headers);
    await until(() => feed.size === 1);
    feed.close();
    expect(feed.size).toBe(0);
    await drain(server, 1000);
    link.close();
    listening.close();
  });
});
