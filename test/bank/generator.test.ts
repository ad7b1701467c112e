import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DEMO_OPENING_BALANCE_MINOR, seedDemoAccounts } from '../../src/bank/demo/accounts.ts';
import { type GeneratorOptions, startGenerator, takeTurn } from '../../src/bank/demo/generator.ts';
import { randomLeg, repeatableRandom, VENDORS } from '../../src/bank/demo/random-posting.ts';
import type { Leg } from '../../src/bank/ledger/post.ts';
import { transactionsAfter } from '../../src/bank/ledger/transactions.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { accountKey, generatorTurnKey } from '../../src/redis/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { LEDGER_OPTIONS, openTestAccount, testLink } from './postings.ts';

const SILENT = createLog('bank', 'silent');
const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const options = (intervalMs = 10_000): GeneratorOptions & { seed: number } => ({
  ...LEDGER_OPTIONS,
  intervalMs,
  seed: 7,
});

let redis: TestRedis;
let link: RedisLink;
let accounts: Account[];

beforeAll(async () => {
  redis = await startTestRedis({ persist: true });
  link = await testLink(redis);
});
beforeEach(startAfresh);
afterAll(async () => {
  link.close();
  await redis.stop();
});

/** An empty ledger with two demo accounts, of owners whose ids are different each time. */
async function startAfresh(): Promise<void> {
  await redis.flush();
  const owners = ['Bob', 'Alice'].map((name) => ({ ownerId: crypto.randomUUID(), name }));
  accounts = await seedDemoAccounts(link, owners, { currency: 'EUR', nowMs: NOW_MS - 60_000 });
}

const statements = (): Promise<Transaction[][]> =>
  Promise.all(accounts.map((account) => transactionsAfter(link, account, '0-0', 1000)));

/** Takes turns at set times, as if each interval had passed. */
async function takeTurns(count: number, seed: number): Promise<Omit<Transaction, 'accountId'>[][]> {
  for (let n = 0; n < count; n++) {
    expect(await takeTurn(link, { ...options(), seed }, NOW_MS + n * 10_000)).toBe(2);
    await link.run((client) => client.del(generatorTurnKey()));
  }
  return (await statements()).map((statement) => statement.map(({ accountId: _, ...rest }) => rest));
}

test('the same seed on an empty ledger gives the same transactions, another seed different ones', async () => {
  const first = await takeTurns(8, 7);
  await startAfresh();
  const again = await takeTurns(8, 7);
  await startAfresh();
  const other = await takeTurns(8, 8);

  expect(first.map((statement) => statement.length)).toEqual([8, 8]);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(first[0]).not.toEqual(first[1]);
});

test('generated amounts range from 0.01 to below 300.00, in both directions, with every vendor', () => {
  const random = repeatableRandom(1);
  const legs: Leg[] = Array.from({ length: 20_000 }, () => randomLeg('a', random));
  const amounts = legs.map(({ amountMinor }) => amountMinor);
  expect(amounts.every(Number.isInteger)).toBe(true);
  expect(Math.min(...amounts)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...amounts)).toBeLessThan(30_000);
  expect(Math.max(...amounts) - Math.min(...amounts)).toBeGreaterThan(29_900);
  const debits = legs.filter(({ direction }) => direction === 'debit').length;
  expect(debits / legs.length).toBeCloseTo(0.5, 1);
  expect(new Set(legs.map(({ counterparty }) => counterparty)).size).toBe(VENDORS.length);
  expect(VENDORS.length).toBeGreaterThanOrEqual(13);
  expect(VENDORS.every(({ type }) => /^[a-z]+$/.test(type))).toBe(true);
});

test('demo accounts start with 100,000.00', () => {
  expect(DEMO_OPENING_BALANCE_MINOR).toBe(100_000_00);
  expect(accounts.map(({ balanceMinor }) => balanceMinor)).toEqual([100_000_00, 100_000_00]);
});

test('of several banks on one Redis, one posts in each interval', async () => {
  const turns = await Promise.all([1, 2, 3].map(() => takeTurn(link, options(), NOW_MS)));
  expect(turns.toSorted()).toEqual([0, 0, 2]);
  expect((await statements()).map(({ length }) => length)).toEqual([1, 1]);
  const ttlMs = await link.run((client) => client.pTTL(generatorTurnKey()));
  expect(ttlMs).toBeGreaterThan(8000);
  expect(ttlMs).toBeLessThanOrEqual(9000);
});

test('an account without funds is skipped, the others are not', async () => {
  const [poor] = accounts;
  const outcomes = new Set<number>();
  for (let n = 0; n < 12; n++) {
    await link.run((client) =>
      client
        .multi()
        .del(generatorTurnKey())
        .hSet(accountKey(poor?.id ?? ''), 'balanceMinor', '0')
        .exec(),
    );
    outcomes.add(await takeTurn(link, options(), NOW_MS));
  }
  expect(outcomes).toEqual(new Set([1, 2]));
  const [thin, full] = await statements();
  expect(full).toHaveLength(12);
  expect(thin?.every(({ direction }) => direction === 'credit')).toBe(true);
});

test('accounts that are not demo accounts get no generated transactions', async () => {
  accounts = [...accounts, await openTestAccount(link)];
  await takeTurn(link, options(), NOW_MS);
  expect((await statements()).map(({ length }) => length)).toEqual([1, 1, 0]);
});

test('the generator posts at its interval, survives an outage of Redis, and stops', async () => {
  const own = new RedisLink({ url: redis.url, deadlineMs: 500, log: SILENT });
  const generator = startGenerator(own, options(15), SILENT, Date.now);
  const posted = async (): Promise<number> => (await statements()).flat().length;
  await until(async () => (await posted()) >= 4);
  await redis.kill();
  await redis.restart();
  await until(() => link.ready);
  const before = await posted();
  await until(async () => (await posted()) > before);

  await generator.stop();
  expect(await redis.commandsDuring(() => delay(60))).toEqual([]);
  own.close();
});

test('an interval of 0 generates nothing', async () => {
  const generator = startGenerator(link, options(0), SILENT, Date.now);
  expect(await redis.commandsDuring(() => delay(50))).toEqual([]);
  await generator.stop();
});
