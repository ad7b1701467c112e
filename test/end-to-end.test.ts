import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { readEvents } from './bank/event-reader.ts';
import { stackTest } from './support/fixtures.ts';
import { bearer, postJson, problemOf } from './support/gateway.ts';

const test = stackTest()
  .extend('get', ({ stack }) => async (path: string, token: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${stack.url}/bank${path}`, { headers: bearer(token) });
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  })
  .extend(
    'transfer',
    ({ stack }) =>
      (token: string, from: string, body: unknown, key = randomUUID()): Promise<Response> =>
        postJson(`${stack.url}/bank/accounts/${from}/transfers`, body, {
          ...bearer(token),
          'idempotency-key': key,
        }),
  );

test('a customer logs in, sees the account, transfers money, sees it arrive live and logs out, which revokes the token', async ({
  stack,
  get,
  transfer,
}) => {
  const { bob, alice } = stack.accounts;
  const [bobs, alices] = [await stack.login('bob'), await stack.login('alice')];
  expect(await get('/accounts', bobs)).toMatchObject({ accounts: [{ id: bob, balanceMinor: 10_000_000 }] });

  const reader = await readEvents(`${stack.url}/bank/accounts/${alice}/stream`, bearer(alices));
  const body = { to: alice, amountMinor: 12_345, description: 'Dinner' };
  const key = randomUUID();
  const [first, again] = [await transfer(bobs, bob, body, key), await transfer(bobs, bob, body, key)];
  expect(first.status).toBe(201);
  expect(await again.json()).toEqual(await first.json());
  const [event] = await reader.first(1);
  expect(event?.data).toMatchObject({ direction: 'credit', amountMinor: 12_345, description: 'Dinner' });
  reader.abort();

  expect(await get(`/accounts/${bob}`, bobs)).toMatchObject({ balanceMinor: 10_000_000 - 12_345 });
  expect(await get(`/accounts/${alice}/transactions/search?term=dinn`, alices)).toMatchObject({
    transactions: [{ amountMinor: 12_345 }],
  });

  const out = await fetch(`${stack.url}/auth/logout`, { method: 'POST', headers: bearer(bobs) });
  expect(out.status).toBe(204);
  const after = await fetch(`${stack.url}/bank/accounts`, { headers: bearer(bobs) });
  expect(await problemOf(after)).toEqual({ status: 401, code: 'token_revoked' });
});

test("another customer's account is a 404 for a customer, and readable for a supervisor, who cannot transfer from it", async ({
  stack,
  get,
  transfer,
}) => {
  const { bob, alice } = stack.accounts;
  const path = `${stack.url}/bank/accounts/${alice}`;
  const [bobs, sams] = [await stack.login('bob'), await stack.login('sam')];
  expect((await fetch(path, { headers: bearer(bobs) })).status).toBe(404);
  expect(await get(`/accounts/${alice}`, sams)).toMatchObject({ id: alice });
  expect((await transfer(sams, alice, { to: bob, amountMinor: 1, description: 'no' })).status).toBe(403);
});

test("the bank rejects requests that do not come from the gateway, even with the user's own token", async ({
  stack,
}) => {
  const token = await stack.login('bob');
  const commands = await stack.redis.commandsDuring(async () => {
    for (const headers of [{}, bearer(token), { 'x-auth-user': 'bob', 'x-forwarded-for': '127.0.0.1' }])
      expect((await fetch(`${stack.bank.url}/accounts`, { headers })).status).toBe(401);
  });
  expect(commands).toEqual([]);
});
