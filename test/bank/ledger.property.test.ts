import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { transactionFrom } from '../../src/bank/ledger/entries.ts';
import { type Posted, type Posting, type PostingReason, post } from '../../src/bank/ledger/post.ts';
import type { Account, Transaction } from '../../src/bank/schemas.ts';
import type { RedisLink } from '../../src/redis/connection.ts';
import { balancesKey, spendersKey, transactionsKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, testLink } from './postings.ts';

const ACCOUNTS = 4;
const OPENING_MINOR = 20_000;
const COUNTERPARTIES = ['Larkfield Market', 'Ember Fuel', 'Bluebird Books'];
const POSTINGS_A_RUN = 4000;
const RUNS = 5;

let redis: TestRedis;
let links: RedisLink[];

beforeAll(async () => {
  redis = await startTestRedis();
  links = await Promise.all([1, 2, 3].map(() => testLink(redis)));
});
afterAll(async () => {
  for (const link of links) link.close();
  await redis.stop();
});

const account = fc.integer({ min: 0, max: ACCOUNTS - 1 }).map((index) => `account-${index}`);
const amountMinor = fc.integer({ min: 1, max: 5000 });

/** A key from a small pool, so that the same comes again, with the same request and with another. */
const idempotency = fc.option(
  fc.record({ accountId: account, key: fc.integer({ min: 0, max: 60 }).map(String) }),
  { nil: undefined },
);

const oneLeg = fc
  .record({
    accountId: account,
    amountMinor: fc.oneof(amountMinor, fc.constantFrom(1, 7)),
    direction: fc.constantFrom('debit', 'credit'),
    counterparty: fc.constantFrom(...COUNTERPARTIES),
  })
  .map(({ accountId, ...changes }): Posting['legs'] => [leg(accountId, changes)]);

const twoLegs = fc
  .record({ from: account, to: account, amountMinor })
  .filter(({ from, to }) => from !== to)
  .map(({ from, to, amountMinor: amount }): Posting['legs'] => {
    const both = { type: 'transfer', amountMinor: amount, description: 'Transfer' };
    return [
      leg(from, { ...both, direction: 'debit', counterparty: to }),
      leg(to, { ...both, direction: 'credit', counterparty: from }),
    ];
  });

const posting = fc
  .record({ legs: fc.oneof(oneLeg, twoLegs, twoLegs), idempotency })
  .map(({ legs, idempotency: key }): Posting => (key === undefined ? { legs } : { legs, idempotency: key }));

/** Some of the postings are sent again, as a client does that got no response. */
const program = fc
  .array(posting, { minLength: POSTINGS_A_RUN, maxLength: POSTINGS_A_RUN, size: 'max' })
  .map((postings) => postings.flatMap((one, index) => (index % 5 === 0 ? [one, one] : [one])));

type Outcome = Posted | Refusal<PostingReason>;

interface Carried {
  posting: Posting;
  outcome: Outcome;
}

const signed = ({
  direction,
  amountMinor: amount,
}: Pick<Transaction, 'direction' | 'amountMinor'>): number => (direction === 'debit' ? -amount : amount);

const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);

test('under concurrent postings every balance equals its opening plus its transactions, and nothing is posted twice', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(program, async (postings) => {
      await redis.flush();
      const accounts = await openAccounts();
      const carried = await carryOut(postings);
      const statements = await Promise.all(accounts.map(statementOf));
      for (const [index, one] of accounts.entries()) await expectConsistent(one, statements[index] ?? []);
      expectMoneyConserved(carried, statements.flat());
      expectOnceForEachKey(carried, statements.flat());
      for (const { outcome } of carried) seen.add(outcome instanceof Refusal ? outcome.reason : 'posted');
    }),
    { numRuns: RUNS },
  );
  expect([...seen].sort()).toEqual(['idempotency_key_reused', 'insufficient_funds', 'posted']);
});

const openAccounts = (): Promise<Account[]> =>
  Promise.all(
    Array.from({ length: ACCOUNTS }, (_, index) =>
      openTestAccount(linkFor(index), { id: `account-${index}`, balanceMinor: OPENING_MINOR }),
    ),
  );

const carryOut = (postings: Posting[]): Promise<Carried[]> =>
  Promise.all(
    postings.map(async (one, index) => ({
      posting: one,
      outcome: await post(linkFor(index), one, LEDGER_OPTIONS, Date.now() - (index % 3)),
    })),
  );

function linkFor(index: number): RedisLink {
  const link = links[index % links.length];
  if (link === undefined) throw new Error('there is no link');
  return link;
}

async function statementOf(one: Account): Promise<Transaction[]> {
  const entries = await linkFor(0).run((client) => client.xRange(transactionsKey(one.id), '-', '+'));
  return (entries ?? []).map((entry) => transactionFrom(entry, one));
}

async function expectConsistent({ id }: Account, statement: Transaction[]): Promise<void> {
  const link = linkFor(0);
  let balance = OPENING_MINOR;
  for (const transaction of statement) {
    balance += signed(transaction);
    expect(transaction.balanceAfterMinor).toBe(balance);
    expect(balance).toBeGreaterThanOrEqual(0);
  }
  expect((await readAccount(link, id))?.balanceMinor).toBe(balance);
  const points = (await link.run((client) => client.xRange(balancesKey(id), '-', '+'))) ?? [];
  expect(points.slice(1).map((point) => [point.id, Number(point.message.balanceMinor)])).toEqual(
    statement.map((transaction) => [transaction.id, transaction.balanceAfterMinor]),
  );
  const spenders = await link.run((client) => client.zRangeWithScores(spendersKey(id), 0, -1));
  expect(Object.fromEntries(spenders.map(({ value, score }) => [value, score]))).toEqual(
    spendingIn(statement),
  );
}

function spendingIn(statement: Transaction[]): Record<string, number> {
  const spending: Record<string, number> = {};
  for (const { direction, counterparty, amountMinor: amount } of statement)
    if (direction === 'debit') spending[counterparty] = (spending[counterparty] ?? 0) + amount;
  return spending;
}

function expectMoneyConserved(carried: Carried[], all: Transaction[]): void {
  const isTransfer = ({ type }: { type: string }): boolean => type === 'transfer';
  expect(sum(all.filter(isTransfer).map(signed))).toBe(0);
  const fromOutside = carried.flatMap(({ outcome }) => newIn(outcome)).filter((one) => !isTransfer(one));
  expect(sum(all.map(signed))).toBe(sum(fromOutside.map(signed)));
}

const newIn = (outcome: Outcome): Transaction[] =>
  outcome instanceof Refusal || outcome.replayed ? [] : outcome.transactions;

function expectOnceForEachKey(carried: Carried[], all: Transaction[]): void {
  const posted = carried.flatMap(({ outcome }) => newIn(outcome));
  const name = ({ accountId, id }: Transaction): string => `${accountId} ${id}`;
  expect(posted.map(name).sort()).toEqual(all.map(name).sort());
  const responses = new Map<string, string>();
  for (const { posting: one, outcome } of carried) {
    const isReuse = outcome instanceof Refusal && outcome.reason === 'idempotency_key_reused';
    if (one.idempotency === undefined || isReuse) continue;
    const key = JSON.stringify(one.idempotency);
    const response = JSON.stringify([
      one.legs,
      outcome instanceof Refusal ? outcome.reason : outcome.transactions,
    ]);
    expect(responses.get(key) ?? response).toBe(response);
    responses.set(key, response);
  }
}
