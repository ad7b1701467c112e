import { test as base, expect } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { transfer } from '../../src/bank/ledger/post.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { type RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { transactionsKey, usedAssertionKey } from '../../src/redis/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { ALL_RIGHTS, linkOfUser, redisUrlFor, setRedisUser } from '../support/redis-users.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, posted, testLink } from './postings.ts';

/** All that Redis stores, but for the assertions that were used. */
const ledgerOf = async (redis: TestRedis) =>
  new Map([...(await redis.dump())].filter(([key]) => !key.startsWith(usedAssertionKey(''))));

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

const test = base
  .extend('redis', { scope: 'file' }, ({}): Promise<TestRedis> => startTestRedis({ tcp: true }))
  .extend('admin', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<RedisLink> => {
    const admin = await testLink(redis);
    await setRedisUser(admin, 'limited', ALL_RIGHTS);
    onCleanup(() => admin.close());
    return admin;
  })
  .extend('limited', { scope: 'file' }, async ({ redis, admin }, { onCleanup }): Promise<RedisLink> => {
    const limited = admin && (await linkOfUser(redis, 'limited'));
    onCleanup(() => limited.close());
    return limited;
  })
  .extend('bank', { scope: 'file' }, async ({ redis, admin }, { onCleanup }): Promise<BankUnderTest> => {
    const env = { REDIS_URL: redisUrlFor(redis, admin && 'limited') };
    const bank = await startBankUnderTest(env, { started: redis });
    onCleanup(() => bank.close());
    return bank;
  })
  .extend('accounts', async ({ admin }): Promise<{ bob: Account; alice: Account }> => {
    await admin.run((client) => client.flushAll());
    const bob = await openTestAccount(admin, { ownerId: 'bob', balanceMinor: 10_000 });
    return { bob, alice: await openTestAccount(admin, { ownerId: 'alice', balanceMinor: 0 }) };
  });

test('a transfer by a bank whose Redis user may not publish is carried out once, and its retries are replayed', async ({
  admin,
  bank,
  accounts: { bob, alice },
}) => {
  await setRedisUser(admin, 'limited', [...ALL_RIGHTS, 'resetchannels']);
  const send = () =>
    bank.ask('bob', `/accounts/${bob.id}/transfers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
      body: JSON.stringify({ to: alice.id, amountMinor: 1000, description: 'Rent' }),
    });
  const first = await send();
  expect(first.status).toBe(201);
  for (let retry = 0; retry < 3; retry += 1)
    expect(await send()).toMatchObject({ status: 201, body: first.body });
  expect(await readAccount(admin, bob.id)).toMatchObject({ balanceMinor: 9000 });
  expect(await readAccount(admin, alice.id)).toMatchObject({ balanceMinor: 1000 });
});

test('a transfer by a bank whose Redis user may not write transactions is a 503 and debits nothing', async ({
  admin,
  bank,
  accounts: { bob, alice },
}) => {
  await setRedisUser(admin, 'limited', [...ALL_RIGHTS, '-xadd']);
  const before = await ledgerOf(bank.redis);
  const response = await bank.ask('bob', `/accounts/${bob.id}/transfers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
    body: JSON.stringify({ to: alice.id, amountMinor: 1000, description: 'Rent' }),
  });
  expect(response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
  expect(await ledgerOf(bank.redis)).toEqual(before);
});

test('a transfer after the newest entry of one of the streams was deleted still has the same id in both', async ({
  admin,
  accounts: { bob, alice },
}) => {
  const { id } = await posted(admin, leg(bob.id), NOW_MS);
  await admin.run((client) => client.xDel(transactionsKey(bob.id), id));
  const order = { from: bob, to: alice, amountMinor: 1, description: 'Rent', idempotencyKey: 'once' };
  const next = await transfer(admin, order, LEDGER_OPTIONS, NOW_MS);
  expect(next).toMatchObject({ transactions: [{ id: `${NOW_MS}-1` }, { id: `${NOW_MS}-0` }] });
});

test('a malformed balance stops a posting before anything is written', async ({
  redis,
  admin,
  accounts: { bob, alice },
}) => {
  await admin.run((client) => client.hSet(`ledger:{bank}:account:${alice.id}`, 'balanceMinor', '1e3'));
  const before = await redis.dump();
  const order = { from: bob, to: alice, amountMinor: 1, description: 'Rent', idempotencyKey: 'once' };
  await expect(transfer(admin, order, LEDGER_OPTIONS, NOW_MS)).rejects.toThrow(RedisUnavailable);
  expect(await redis.dump()).toEqual(before);
});
