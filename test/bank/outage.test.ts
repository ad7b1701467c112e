import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { startBank } from '../../src/bank/server.ts';
import { createLog } from '../../src/log.ts';
import { until } from '../support/until.ts';
import { type BankResponse, type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { openTestAccount } from './postings.ts';

let under: BankUnderTest;
let account: Account;

beforeEach(async () => {
  under = await startBankUnderTest();
  account = await openTestAccount(under.link, { ownerId: 'bob', balanceMinor: 10_000 });
});
afterEach(() => under.close());

async function expectUnavailable(ask: () => Promise<BankResponse>): Promise<void> {
  const startedMs = performance.now();
  const response = await ask();
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
  expect(response.headers.get('retry-after')).toBe('1');
}

const transfer = (to: Account) =>
  under.ask('bob', `/accounts/${account.id}/transfers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
    body: JSON.stringify({ to: to.id, amountMinor: 100, description: 'Rent' }),
  });

test('a hung Redis is 503 in time on every route, and no restart is needed afterwards', async () => {
  under.redis.freeze();
  const paths = ['', '/transactions', '/transactions/search?term=abc', '/balance', '/spenders', '/stream'];
  await Promise.all(
    paths.map((path) => expectUnavailable(() => under.ask('bob', `/accounts/${account.id}${path}`))),
  );
  await expectUnavailable(() => under.ask('bob', '/accounts'));
  await expectUnavailable(() => under.ask('bob', '/readyz'));
  expect(await under.ask('bob', '/livez')).toMatchObject({ status: 200 });

  under.redis.thaw();
  await until(async () => (await under.ask('bob', '/accounts')).status === 200);
  expect(await under.ask('bob', '/readyz')).toMatchObject({ status: 200 });
});

test('a transfer that got a 503 happens once, however often it is retried', async () => {
  const to = await openTestAccount(under.link, { balanceMinor: 0 });
  under.redis.freeze();
  await expectUnavailable(() => transfer(to));
  under.redis.thaw();
  await until(async () => (await transfer(to)).status === 201);
  await transfer(to);
  expect((await readAccount(under.link, to.id))?.balanceMinor).toBe(100);
});

test('unavailable keys of the gateway are 503, and are fetched as soon as possible', async () => {
  under.gateway.respondWith((_incoming, outgoing) => outgoing.writeHead(500).end());
  await expectUnavailable(() => under.ask('bob', '/accounts'));
  under.gateway.respondWith((_incoming, outgoing) => outgoing.end(JSON.stringify(under.ring.jwks)));
  await until(async () => (await under.ask('bob', '/accounts')).status === 200);
});

test('a bank can be started before its Redis', async () => {
  await under.redis.kill();
  const early = await startBank({ settings: under.settings, log: createLog('bank', 'silent') });
  const ready = async (): Promise<number> => (await fetch(`${early.url}/readyz`)).status;
  expect(await ready()).toBe(503);
  await under.redis.restart();
  await until(async () => (await ready()) === 200);
  await early.close();
});

test('an address in use is an error and leaves no connection open', async () => {
  const taken = { ...under.settings, bankPort: Number(new URL(under.url).port) };
  const clients = async (): Promise<number> =>
    String(await under.link.run((client) => client.sendCommand(['CLIENT', 'LIST']))).split('\n').length;
  const before = await clients();
  await expect(startBank({ settings: taken, log: createLog('bank', 'silent') })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await delay(50);
  expect(await clients()).toBe(before);
});

test('a shutdown lets a request finish and waits no longer', async () => {
  await under.ask('bob', '/accounts');
  under.redis.freeze();
  const inProgress = under.ask('bob', '/accounts');
  await delay(100);
  const startedMs = performance.now();
  const stopped = under.bank.close();
  under.redis.thaw();
  expect(await inProgress).toMatchObject({ status: 200 });
  await stopped;
  expect(performance.now() - startedMs).toBeLessThan(2500);
  await expect(fetch(`${under.url}/livez`)).rejects.toThrow('fetch failed');
});
