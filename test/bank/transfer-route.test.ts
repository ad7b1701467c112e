import { request } from 'node:http';
import { describe, expect } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { type Account, transactionSchema } from '../../src/bank/schemas.ts';
import { type AskOptions, bankTest } from './bank-under-test.ts';
import { openTestAccount } from './postings.ts';

const test = bankTest({ BANK_BODY_MAX_BYTES: '1024' })
  .extend('bob', async ({ bank }): Promise<Account> => {
    await bank.redis.flush();
    return openTestAccount(bank.link, { ownerId: 'bob', name: 'Bob', balanceMinor: 10_000 });
  })
  .extend('alice', ({ bank, bob: _afterFlush }) =>
    openTestAccount(bank.link, { ownerId: 'alice', name: 'Alice', balanceMinor: 0 }),
  )
  .extend('order', ({ alice }) => (changes: object = {}) => ({
    to: alice.id,
    amountMinor: 2500,
    description: 'Rent',
    ...changes,
  }))
  .extend(
    'send',
    ({ bank, bob }) =>
      (
        body: unknown,
        { key = 'key-1', sub = 'bob', ...options }: AskOptions & { key?: string; sub?: string } = {},
      ) => {
        return bank.ask(sub, `/accounts/${bob.id}/transfers`, {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
          ...options,
          headers: { ...JSON_TYPE, 'idempotency-key': key, ...options.headers },
        });
      },
  )
  .extend(
    'balances',
    ({ bob, alice, bank }) =>
      async () =>
        Promise.all([bob, alice].map(async ({ id }) => (await readAccount(bank.link, id))?.balanceMinor)),
  );

const JSON_TYPE = { 'content-type': 'application/json' };

test("a transfer is 201 with the sender's transaction, and both balances move", async ({
  send,
  order,
  bob,
  balances,
}) => {
  const response = await send(order());
  expect(response.status).toBe(201);
  expect(transactionSchema.parse(response.body)).toMatchObject({
    accountId: bob.id,
    direction: 'debit',
    type: 'transfer',
    counterparty: 'Alice',
    description: 'Rent',
    amountMinor: 2500,
    balanceAfterMinor: 7500,
  });
  expect(await balances()).toEqual([7500, 2500]);
});

test('twenty concurrent requests with one idempotency key make one transfer with one response', async ({
  send,
  order,
  balances,
}) => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => send(order())));
  expect(new Set(responses.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
  expect(await balances()).toEqual([7500, 2500]);
});

test('an idempotency key is the same with and without quotation marks', async ({ send, order, balances }) => {
  const first = await send(order(), { key: '"key-1"' });
  expect(await send(order())).toMatchObject({ status: 201, body: first.body });
  expect(await balances()).toEqual([7500, 2500]);
});

test('an idempotency key of a different transfer is 422 and moves nothing', async ({
  send,
  order,
  balances,
}) => {
  await send(order());
  expect(await send(order({ amountMinor: 2501 }))).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  });
  expect(await balances()).toEqual([7500, 2500]);
});

describe('an impossible transfer is 422, names the field and moves nothing', () => {
  test.for<[string, string, (bob: Account) => object]>([
    ['insufficient_funds', 'amountMinor', () => ({ amountMinor: 10_001 })],
    ['destination_unknown', 'to', () => ({ to: 'nobody' })],
    ['transfer_to_self', 'to', (bob) => ({ to: bob.id })],
  ])('%s', async ([code, field, changes], { send, order, balances, bob }) => {
    expect(await send(order(changes(bob)))).toMatchObject({
      status: 422,
      body: { code, errors: [{ field }] },
    });
    expect(await balances()).toEqual([10_000, 0]);
  });

  test('currency_mismatch', async ({ bank, send, order, balances }) => {
    const { id: to } = await openTestAccount(bank.link, { currency: 'USD' });
    expect(await send(order({ to }))).toMatchObject({
      status: 422,
      body: { code: 'currency_mismatch', errors: [{ field: 'to' }] },
    });
    expect(await balances()).toEqual([10_000, 0]);
  });
});

test('a transfer beyond the funds does not reveal whether the account exists, at first or when repeated', async ({
  send,
  order,
  alice,
  balances,
}) => {
  const responses = async (to: string, key: string) => {
    const found = [];
    for (const amountMinor of [2 ** 53 - 1, 2 ** 53 - 2, 10_000]) {
      const { status, body } = await send(order({ to, amountMinor }), { key });
      found.push([status, body.code]);
    }
    return found;
  };
  const known = await responses(alice.id, 'key-1');
  expect(known[0]).toEqual([422, 'insufficient_funds']);
  expect(await responses('nobody', 'key-2')).toEqual(known);
  expect(await balances()).toEqual([10_000, 0]);
});

describe('only the owner can transfer money', () => {
  test('a supervisor, who can see the account, gets 403', async ({ send, order, balances }) => {
    expect(await send(order(), { sub: 'sam', role: 'supervisor' })).toMatchObject({
      status: 403,
      body: { code: 'not_owner' },
    });
    expect(await balances()).toEqual([10_000, 0]);
  });

  test('another customer, who cannot see it, gets 404', async ({ send, order, balances }) => {
    expect(await send(order(), { sub: 'alice' })).toMatchObject({
      status: 404,
      body: { code: 'account_not_found' },
    });
    expect(await balances()).toEqual([10_000, 0]);
  });
});

test('a chunked body within the limit is accepted', async ({ order, send }) => {
  const body = new Blob([JSON.stringify(order())]).stream();
  expect(await send('', { body, duplex: 'half' } as RequestInit)).toMatchObject({ status: 201 });
});

test('a client that disconnects in the middle of its body moves no money and affects no other request', async ({
  bank,
  bob,
  order,
  send,
  balances,
}) => {
  const path = `/accounts/${bob.id}/transfers`;
  const authorization = `Bearer ${bank.assertion('bob', path, { htm: 'POST', scope: ['transfers:write'] })}`;
  const headers = { ...JSON_TYPE, authorization, 'idempotency-key': 'k', 'content-length': '500' };
  const going = request(bank.url + path, { method: 'POST', headers });
  going.on('error', () => {});
  await new Promise((written) => going.write(JSON.stringify(order()).slice(0, 20), written));
  going.destroy();
  expect(await send(order())).toMatchObject({ status: 201 });
  expect(await balances()).toEqual([7500, 2500]);
});
