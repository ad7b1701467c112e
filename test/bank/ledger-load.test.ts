import { afterAll, beforeAll, expect, test } from 'vitest';
import { balancePoints } from '../../src/bank/ledger/figures.ts';
import { post } from '../../src/bank/ledger/post.ts';
import { pageOfTransactions, searchTransactions } from '../../src/bank/ledger/transactions.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { createLog } from '../../src/log.ts';
import { type RedisClient, RedisLink } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, testLink } from './postings.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const POSTINGS = 1500;
const WHOLE_RANGE = { from: undefined, to: undefined };

/** A link that records the maximum number of concurrent commands and the length of the longest reply. */
class WatchedLink extends RedisLink {
  #pending = 0;
  maxPending = 0;
  longestReply = 0;

  override run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return super.run((client) => command(this.#watch(client)));
  }

  #watch(client: RedisClient): RedisClient {
    return new Proxy(client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => this.#counted(member.apply(target, args));
      },
    });
  }

  async #counted(reply: unknown): Promise<unknown> {
    this.#pending += 1;
    this.maxPending = Math.max(this.maxPending, this.#pending);
    try {
      const replied = await reply;
      if (Array.isArray(replied)) this.longestReply = Math.max(this.longestReply, replied.length);
      return replied;
    } finally {
      this.#pending -= 1;
    }
  }
}

let redis: TestRedis;
let watched: WatchedLink;
let account: Account;

beforeAll(async () => {
  redis = await startTestRedis();
  const link = await testLink(redis);
  account = await openTestAccount(link, { balanceMinor: 10_000_000 });
  const one = leg(account.id);
  await Promise.all(
    Array.from({ length: POSTINGS }, (_, n) =>
      post(link, { legs: [one] }, LEDGER_OPTIONS, START_MS + n * 1000),
    ),
  );
  link.close();
  watched = new WatchedLink({ url: redis.url, deadlineMs: 10_000, log: createLog('cli', 'silent') });
  await watched.whenReady(30_000);
});
afterAll(async () => {
  watched.close();
  await redis.stop();
});

test.each<[string, () => Promise<unknown>]>([
  [
    'a balance with the maximum number of points',
    () => balancePoints(watched, account.id, { ...WHOLE_RANGE, points: 1000 }),
  ],
  [
    'a page of a type that is not there',
    () => {
      const query = { ...WHOLE_RANGE, limit: 100, cursor: undefined, type: 'unheard-of' };
      return pageOfTransactions(watched, account, query);
    },
  ],
  ['a search in vain', () => searchTransactions(watched, account, { term: 'unheard of', limit: 100 })],
])('%s has one command under way at a time, and each is small', async (_what, read) => {
  watched.maxPending = 0;
  watched.longestReply = 0;
  await read();
  expect(watched.maxPending).toBe(1);
  expect(watched.longestReply).toBeGreaterThan(0);
  expect(watched.longestReply).toBeLessThanOrEqual(500);
});

test('a balance with the maximum of points has the last point of each span', async () => {
  const from = START_MS;
  const points = await balancePoints(watched, account.id, { from, to: undefined, points: 1000 });
  const end = START_MS + (POSTINGS - 1) * 1000;
  const spanMs = (end - START_MS) / 999;
  const lastOfSpan = (span: number): number => Math.floor(Math.floor(spanMs * span) / 1000) * 1000;
  const expected = Array.from({ length: 999 }, (_, index) => START_MS + lastOfSpan(index + 1));
  expect(points.map(({ x }) => x)).toEqual([START_MS, ...expected]);
  expect(points.every(({ x, y }) => y === 10_000_000 - 100 * ((x - START_MS) / 1000 + 1))).toBe(true);
});
