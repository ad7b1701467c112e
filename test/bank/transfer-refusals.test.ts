import { describe, expect } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import { rawRequest, responseToEndlessBody } from '../support/raw-http.ts';
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
      ) =>
        bank.ask(sub, `/accounts/${bob.id}/transfers`, {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
          ...options,
          headers: { ...JSON_TYPE, 'idempotency-key': key, ...options.headers },
        }),
  )
  .extend(
    'expectUnread',
    ({ bank }) =>
      async (sending: () => Promise<unknown>, expected: object): Promise<void> => {
        const commands = await bank.redis.commandsDuring(async () =>
          expect(await sending()).toMatchObject(expected),
        );
        // The use of the assertion is recorded, and nothing else.
        expect(commands.length).toBeLessThanOrEqual(1);
      },
  );

const JSON_TYPE = { 'content-type': 'application/json' };

describe('an invalid request is refused before anything is read', () => {
  test.for<[string, object, string]>([
    ['no amount', { amountMinor: undefined }, 'amountMinor'],
    ['an amount of 0', { amountMinor: 0 }, 'amountMinor'],
    ['a negative amount', { amountMinor: -1 }, 'amountMinor'],
    ['a fraction of a cent', { amountMinor: 0.5 }, 'amountMinor'],
    ['an amount beyond 2^53', { amountMinor: 2 ** 53 }, 'amountMinor'],
    ['an amount as text', { amountMinor: '100' }, 'amountMinor'],
    ['no destination', { to: undefined }, 'to'],
    ['a destination that is no id', { to: '{bank}:x' }, 'to'],
    ['no description', { description: undefined }, 'description'],
    ['an empty description', { description: '  ' }, 'description'],
    ['a description of 141 characters', { description: 'x'.repeat(141) }, 'description'],
    ['a line break in the description', { description: 'a\nb' }, 'description'],
    ['a member that is not known', { currency: 'EUR' }, 'currency'],
  ])('%s', async ([_what, changes, field], { expectUnread, send, order }) => {
    await expectUnread(() => send(order(changes)), {
      status: 400,
      body: { code: 'body_invalid', errors: [{ field, message: expect.any(String) }] },
    });
  });

  test('an amount that is given twice is refused, and nothing is posted', ({ expectUnread, send, alice }) => {
    const twice = `{"to":"${alice.id}","description":"Rent","amountMinor":2500,"amountMinor":1}`;
    const errors = [{ field: '', message: 'must not have two members of the same name' }];
    return expectUnread(() => send(twice), { status: 400, body: { code: 'body_invalid', errors } });
  });

  test.for(['', 'null', '[]', '"x"', '{', '{"to":', '1'])('the body %s', (body, { expectUnread, send }) =>
    expectUnread(() => send(body), { status: 400, body: { code: 'body_invalid' } }),
  );

  test('a member called __proto__', ({ expectUnread, send, order }) =>
    expectUnread(() => send(`{"__proto__":{},${JSON.stringify(order()).slice(1)}`), {
      status: 400,
      body: { code: 'body_invalid', errors: [{ field: '__proto__' }] },
    }));

  test('a body that is not UTF-8', ({ expectUnread, send }) =>
    expectUnread(() => send('', { body: Buffer.from([0x7b, 0xff, 0x7d]) }), {
      status: 400,
      body: { code: 'body_invalid' },
    }));

  test('half of a surrogate pair in the description', ({ expectUnread, send, alice }) =>
    expectUnread(() => send(`{"to":"${alice.id}","amountMinor":1,"description":"\\ud800"}`), {
      status: 400,
      body: { code: 'body_invalid', errors: [{ field: 'description' }] },
    }));

  test.for([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
  ])('the content type %s is 415', (type, { expectUnread, send, order }) =>
    expectUnread(() => send(order(), { headers: { 'content-type': type } }), {
      status: 415,
      body: { code: 'media_type_unsupported' },
    }),
  );

  test('a body over the limit is 413, with or without a declared length', async ({
    order,
    expectUnread,
    send,
  }) => {
    const large = JSON.stringify(order({ description: 'x'.repeat(2000) }));
    const tooLarge = { status: 413, body: { code: 'body_too_large' } };
    await expectUnread(() => send(large), tooLarge);
    const chunked = { body: new Blob([large]).stream(), duplex: 'half' } as RequestInit;
    await expectUnread(() => send('', chunked), tooLarge);
  });

  test('a body over the limit is 413 before its Idempotency-Key is looked at', async ({
    order,
    expectUnread,
    bank,
    path,
  }) => {
    const body = JSON.stringify(order({ description: 'x'.repeat(2000) }));
    const request = { method: 'POST', headers: JSON_TYPE, body };
    await expectUnread(() => bank.ask('bob', `${path}/transfers`, request), {
      status: 413,
      body: { code: 'body_too_large' },
    });
  });

  test('a chunked body over the limit is 413, although the client keeps sending', async ({
    bank,
    path,
    expectUnread,
  }) => {
    const head = rawRequest(
      `POST ${path}/transfers`,
      `Authorization: Bearer ${bank.assertion('bob', `${path}/transfers`, { htm: 'POST' })}`,
      'Content-Type: application/json',
      'Idempotency-Key: key-1',
      'Transfer-Encoding: chunked',
    );
    await expectUnread(() => responseToEndlessBody(bank.url, head), {
      status: 413,
      code: 'body_too_large',
    });
  });

  test('a missing Idempotency-Key is 400', async ({ expectUnread, bank, bob, order }) => {
    await expectUnread(
      () =>
        bank.ask('bob', `/accounts/${bob.id}/transfers`, {
          method: 'POST',
          headers: JSON_TYPE,
          body: JSON.stringify(order()),
        }),
      { status: 400, body: { code: 'idempotency_key_missing' } },
    );
  });

  test.for(['""', '"a', 'a b', 'a, b', 'x'.repeat(129), 'a;b=1', 'ä'])(
    'the Idempotency-Key %s is 400',
    (key, { expectUnread, send, order }) =>
      expectUnread(() => send(order(), { key }), {
        status: 400,
        body: { code: 'header_invalid', errors: [{ field: 'Idempotency-Key' }] },
      }),
  );
});
