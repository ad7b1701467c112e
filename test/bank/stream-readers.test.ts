import { describe, expect } from 'vitest';
import { createBankApp } from '../../src/bank/app.ts';
import { createBankServer } from '../../src/bank/server.ts';
import { PostingsFeed } from '../../src/bank/stream/postings-feed.ts';
import { UserShare } from '../../src/bank/user-share.ts';
import { drainable, listen } from '../../src/http/server.ts';
import { Stopping } from '../../src/http/stopping.ts';
import { createLog } from '../../src/log.ts';
import { ReplicaConfirmation } from '../../src/redis/replication/confirmation.ts';
import { Subscriber } from '../../src/redis/subscriber.ts';
import { until } from '../support/until.ts';
import { bankTest, claimsOf } from './bank-under-test.ts';
import { readEvents } from './event-reader.ts';
import { LEDGER_OPTIONS, testLink } from './postings.ts';

const test = bankTest();

describe('with parts that the test can look into', () => {
  test('a disconnected client is removed, and HEAD adds none', async ({ bank, account }) => {
    const [link, listening] = await Promise.all([testLink(bank.redis), testLink(bank.redis)]);
    const log = createLog('bank', 'silent');
    const feed = new PostingsFeed(new Subscriber({ link: listening, log }));
    const path = `/accounts/${account.id}/stream`;
    // In place of an assertion, the test sends the method that it is for.
    const verifier = { verify: async (htm: string) => claimsOf(bank.settings, 'bob', path, { htm }) };
    const limits = { streamHeartbeatMs: 60_000, bodyMaxBytes: 1000 };
    const app = createBankApp({
      link,
      feed,
      verifier,
      log,
      options: LEDGER_OPTIONS,
      confirmation: new ReplicaConfirmation({ what: 'transfer', replicas: 0, aof: false, timeoutMs: 1, log }),
      now: Date.now,
      searches: new UserShare(1),
      streams: new UserShare(8),
      stopping: new Stopping(),
      ...limits,
    });
    const server = createBankServer(app);
    const drain = drainable(server);
    const url = `${await listen(server, '127.0.0.1', 0)}${path}`;
    const headers = { authorization: 'Bearer GET' };

    const reader = await readEvents(url, headers);
    await until(() => feed.size === 1);
    const head = { method: 'HEAD', headers: { authorization: 'Bearer HEAD' } };
    expect((await fetch(url, head)).status).toBe(200);
    expect(feed.size).toBe(1);
    reader.abort();
    await until(() => feed.size === 0);

    await readEvents(url, headers);
    await until(() => feed.size === 1);
    feed.close();
    expect(feed.size).toBe(0);
    await drain(1000);
    link.close();
    listening.close();
  });
});
