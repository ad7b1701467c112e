import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import type { AssertionClaims } from '../../src/jwt/assertion.ts';
import { signAssertion } from '../../src/jwt/assertion.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { type BankUnderTest, claimsOf, responseOf, startBankUnderTest } from './bank-under-test.ts';
import { openTestAccount } from './postings.ts';

let under: BankUnderTest;
let account: Account;

beforeAll(async () => {
  under = await startBankUnderTest();
  account = await openTestAccount(under.link, { ownerId: 'bob' });
});
afterAll(() => under.close());
beforeEach(() => {
  under.log.length = 0;
});

const askWith = async (headers: Record<string, string>, path = '/accounts', method = 'GET') =>
  responseOf(await fetch(under.url + path, { method, headers }));

/** Sends a request and asserts that Redis executes no command for it. */
async function refusedUnread(headers: Record<string, string>, path?: string, method?: string) {
  const response = Promise.withResolvers<Awaited<ReturnType<typeof askWith>>>();
  const commands = await under.redis.commandsDuring(async () =>
    response.resolve(await askWith(headers, path, method)),
  );
  expect(commands).toEqual([]);
  return response.promise;
}

describe('without a valid assertion nothing is read, and the response is 401', () => {
  test.each([
    ['GET', '/accounts'],
    ['GET', '/accounts/x/transactions'],
    ['GET', '/accounts/x/stream'],
    ['POST', '/accounts/x/transfers'],
    ['DELETE', '/accounts'],
    ['GET', '/there-is-no-such-route'],
  ])('%s %s', async (method, path) => {
    const response = await refusedUnread({}, path, method);
    expect(response).toMatchObject({ status: 401, body: { code: 'assertion_missing', status: 401 } });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="portcullis-bank"');
  });

  test.each(['Basic Ym9iOmZvb2JhcmVk', 'Bearer', 'Bearer a b'])(
    'Authorization: %s',
    async (authorization) => {
      expect(await refusedUnread({ authorization })).toMatchObject({
        status: 401,
        body: { code: 'assertion_missing' },
      });
    },
  );

  const nowSeconds = Math.floor(Date.now() / 1000);
  test.each<[string, Partial<AssertionClaims>]>([
    ['for another service', { aud: 'portcullis-api' }],
    ['of another issuer', { iss: 'http://127.0.0.1:9999' }],
    ['that has expired', { iat: nowSeconds - 16, exp: nowSeconds - 1 }],
    ['that lives for too long', { exp: nowSeconds + 60 }],
  ])('an assertion %s', async (_what, changes) => {
    const token = under.assertion('bob', '/accounts', changes);
    expect(await refusedUnread({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 401,
      body: { code: 'assertion_invalid' },
    });
  });

  test('an assertion signed with another key', async () => {
    const stranger = await keyRingFromPem(await makeKeyPem());
    const claims = claimsOf(under.settings, 'bob', '/accounts', {});
    const token = signAssertion(stranger.signing.assertionKey, claims);
    expect(await refusedUnread({ authorization: `Bearer ${token}` })).toMatchObject({
      status: 401,
      body: { code: 'assertion_invalid' },
    });
  });

  test('an assertion with a flipped bit in its signature', async () => {
    const token = under.assertion('bob', '/accounts');
    const flipped = token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2);
    expect(await refusedUnread({ authorization: `Bearer ${flipped}` })).toMatchObject({ status: 401 });
  });
});

test('the health routes need no assertion', async () => {
  expect(await askWith({}, '/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await askWith({}, '/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test.each<[string, string, Partial<AssertionClaims>]>([
  ['GET', '/accounts', { scope: ['transfers:write'] }],
  ['GET', '/accounts/ID', { scope: ['transfers:write'] }],
  ['GET', '/accounts/ID/stream', { scope: [] as never }],
])('%s %s without the scope for it is 403 and reads nothing', async (method, given, { scope = [] }) => {
  const path = given.replace('ID', account.id);
  const changes = { scope: scope.length === 0 ? ['session:own'] : scope };
  const authorization = `Bearer ${under.assertion('bob', path, changes)}`;
  const response = await refusedUnread({ authorization }, path, method);
  expect(response).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
});

test('a transfer without the scope for it is 403', async () => {
  const path = `/accounts/${account.id}/transfers`;
  const authorization = `Bearer ${under.assertion('bob', path, { htm: 'POST' })}`;
  const response = await askWith({ authorization }, path, 'POST');
  expect(response).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
});

test.each(['', '/transactions', '/transactions/search?term=coffee', '/balance', '/spenders', '/stream'])(
  "another customer's account%s is 404, exactly like one that doesn't exist",
  async (rest) => {
    const others = await under.ask('alice', `/accounts/${account.id}${rest}`);
    const nobodys = await under.ask('alice', `/accounts/nobody${rest}`);
    expect(others).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
    expect(others.body).toEqual(nobodys.body);
  },
);

test.each(['a%20b', '%7Bbank%7D', 'x'.repeat(65), '%00', 'a:b'])(
  'the account id %s is 404 unread',
  async (id) => {
    const authorization = `Bearer ${under.assertion('bob', `/accounts/${id}`)}`;
    expect(await refusedUnread({ authorization }, `/accounts/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'account_not_found' },
    });
  },
);

test("a supervisor reads another customer's account", async () => {
  expect(await under.ask('sam', `/accounts/${account.id}`, { role: 'supervisor' })).toMatchObject({
    status: 200,
    body: { id: account.id, ownerId: 'bob' },
  });
});

test('each request is one log line with caller, route and reason, without the assertion', async () => {
  const path = `/accounts/${account.id}`;
  const [token, other] = [under.assertion('alice', path), under.assertion('alice', '/accounts')];
  const response = await askWith(
    { authorization: `Bearer ${token}`, 'x-request-id': 'request-7' },
    `${path}?secret=1`,
  );
  await askWith({ authorization: `Bearer ${other}` });

  expect(response.body).toMatchObject({ code: 'query_invalid', request_id: 'request-7' });
  const lines = under.log.map((line) => JSON.parse(line));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    event: 'answer',
    requestId: 'request-7',
    method: 'GET',
    route: '/accounts/:id',
    status: 400,
    reason: 'query_wrong',
    sub: 'alice',
    sid: 'session-1',
  });
  expect(lines[1]).toMatchObject({ route: '/accounts', status: 200 });
  expect(under.log.join('')).not.toContain(token.split('.')[2]);
  expect(under.log.join('')).not.toContain('secret');
});
