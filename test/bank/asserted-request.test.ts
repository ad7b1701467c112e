import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { type RunningBank, startBank } from '../../src/bank/server.ts';
import { type AssertionClaims, contentDigest } from '../../src/jwt/assertion.ts';
import { createLog } from '../../src/log.ts';
import { usedAssertionKey } from '../../src/redis/keys.ts';
import { type BankResponse, bankTest, claimsOf, responseOf } from './bank-under-test.ts';
import { openTestAccount } from './postings.ts';

interface Transfer {
  path: string;
  body: string;
  /** An assertion for exactly this transfer, apart from the given changes. */
  assertion(changes?: Partial<AssertionClaims>): string;
  /** Sends it with an assertion, or something else in its place. */
  send(
    assertion: string,
    changes?: { path?: string; method?: string; body?: string; url?: string },
  ): Promise<BankResponse>;
  /** How much money it has moved so far. */
  moved(): Promise<number>;
}

const digestOf = (body: string): string => contentDigest(createHash('sha256').update(body).digest());

const test = bankTest()
  .extend('transfer', async ({ bank, account }): Promise<Transfer> => {
    const payee = await openTestAccount(bank.link, { ownerId: 'alice', balanceMinor: 0 });
    const path = `/accounts/${account.id}/transfers`;
    const body = JSON.stringify({ to: payee.id, amountMinor: 100, description: 'Rent' });
    const claims = { htm: 'POST', scope: ['transfers:write'], content_digest: digestOf(body) };
    return {
      path,
      body,
      assertion: (changes = {}) => bank.assertion('bob', path, { ...claims, ...changes }),
      send: async (assertion, { url = bank.url, ...changes } = {}) => {
        const { path: to, ...request } = { path, method: 'POST', body, ...changes };
        const idempotencyKey = crypto.randomUUID();
        const headers = {
          authorization: `Bearer ${assertion}`,
          'content-type': 'application/json',
          'idempotency-key': idempotencyKey,
        };
        return responseOf(await fetch(url + to, { ...request, headers }));
      },
      moved: async () => (await readAccount(bank.link, payee.id))?.balanceMinor ?? 0,
    };
  })
  .extend('other', async ({ bank }, { onCleanup }): Promise<RunningBank> => {
    const other = await startBank({ settings: bank.settings, log: createLog('bank', 'silent') });
    onCleanup(() => other.close());
    return other;
  });

test('an assertion for a transfer is accepted once', async ({ transfer }) => {
  const assertion = transfer.assertion();
  expect(await transfer.send(assertion)).toMatchObject({ status: 201 });
  expect(await transfer.send(assertion)).toMatchObject({ status: 401, body: { code: 'assertion_replayed' } });
  expect(await transfer.moved()).toBe(100);
});

test('of many simultaneous requests with one assertion at two processes of the bank, one is accepted', async ({
  bank,
  other,
  transfer,
}) => {
  const assertion = transfer.assertion();
  const sent = Array.from({ length: 20 }, (_, n) =>
    transfer.send(assertion, { url: n % 2 === 0 ? bank.url : other.url }),
  );
  const statuses = (await Promise.all(sent)).map(({ status }) => status).sort();
  expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 401)]);
  expect(await transfer.moved()).toBe(100);
});

test('the use of an assertion is remembered for longer than it is valid, and not forever', async ({
  bank,
  transfer,
}) => {
  const { jti } = claimsOf(bank.settings, 'bob', transfer.path, {});
  await transfer.send(transfer.assertion({ jti }));
  const ttl = await bank.link.run((client) => client.ttl(usedAssertionKey(jti)));
  expect(ttl).toBeGreaterThan(50);
  expect(ttl).toBeLessThanOrEqual(60);
});

test('a request that is refused for its content uses its assertion up', async ({ transfer }) => {
  const body = '{"amountMinor":1}';
  const assertion = transfer.assertion({ content_digest: digestOf(body) });
  expect(await transfer.send(assertion, { body })).toMatchObject({ status: 400 });
  expect(await transfer.send(assertion, { body })).toMatchObject({
    status: 401,
    body: { code: 'assertion_replayed' },
  });
});

test.for<[string, Partial<AssertionClaims>, object]>([
  ['another method', { htm: 'PUT' }, {}],
  ['a read', { htm: 'GET' }, {}],
  ['another path', { path: '/accounts/other/transfers' }, {}],
  ['the path with a slash at its end', {}, { suffix: '/' }],
  ['the path with an escaped letter', {}, { suffix: '%61' }],
  ['another body', {}, { body: '{"to":"other","amountMinor":100,"description":"Rent"}' }],
  ['a body with another space', {}, { suffixOfBody: ' ' }],
  ['no body', {}, { body: '' }],
])(
  'an assertion for %s is refused, moves no money and is not used up',
  async ([_what, changes, sent], { bank, transfer }) => {
    const { suffix = '', suffixOfBody = '', body = transfer.body } = sent as Record<string, string>;
    const { jti } = claimsOf(bank.settings, 'bob', transfer.path, {});
    const assertion = transfer.assertion({ jti, ...changes });
    const request = { path: transfer.path + suffix, body: body + suffixOfBody };
    const commands = await bank.redis.commandsDuring(async () => {
      const response = await transfer.send(assertion, request);
      expect(response).toMatchObject({ status: 401, body: { code: 'assertion_mismatch' } });
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="portcullis-bank"');
    });
    expect(commands).toEqual([]);
    expect(await transfer.moved()).toBe(0);
  },
);

test('an assertion without a digest is accepted with any body, for bodies that the gateway does not hold', async ({
  transfer,
}) => {
  expect(await transfer.send(transfer.assertion({ content_digest: undefined }))).toMatchObject({
    status: 201,
  });
});

test('an assertion for a read serves several requests with any query, and no other path or method', async ({
  bank,
  path,
}) => {
  const headers = { authorization: `Bearer ${bank.assertion('bob', `${path}/transactions`)}` };
  const ask = (target: string, method = 'GET') =>
    fetch(bank.url + target, { method, headers }).then(responseOf);
  expect(await ask(`${path}/transactions`)).toMatchObject({ status: 200 });
  expect(await ask(`${path}/transactions?limit=2`)).toMatchObject({ status: 200 });
  const mismatch = { status: 401, body: { code: 'assertion_mismatch' } };
  expect(await ask(path)).toMatchObject(mismatch);
  expect(await ask('/accounts')).toMatchObject(mismatch);
  expect(await ask(`${path}/transactions`, 'POST')).toMatchObject(mismatch);
  const head = await fetch(`${bank.url}${path}/transactions`, { method: 'HEAD', headers });
  expect(head.status).toBe(401);
});

test('while the use of an assertion cannot be recorded, a transfer is 503 and moves no money', async ({
  bank,
  transfer,
}) => {
  bank.redis.freeze();
  const response = await transfer.send(transfer.assertion()).finally(() => bank.redis.thaw());
  expect(response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
  expect(await transfer.moved()).toBe(0);
});
