import { expect } from 'vitest';
import { readAccount } from '../../src/bank/ledger/accounts.ts';
import { type Posting, post } from '../../src/bank/ledger/post.ts';
import { idempotencyKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { ledgerTest } from './ledger-under-test.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, posted } from './postings.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00.250Z');
const test = ledgerTest()
  .extend(
    'balanceOf',
    ({ link }) =>
      async (id: string): Promise<number | undefined> =>
        (await readAccount(link, id))?.balanceMinor,
  )
  .extend(
    'postOne',
    ({ link }) =>
      (one: ReturnType<typeof leg>, idempotency?: Posting['idempotency']) =>
        post(link, { legs: [one], ...(idempotency && { idempotency }) }, LEDGER_OPTIONS, NOW_MS),
  );

test('a repeated request with the same idempotency key returns the same outcome and posts once', async ({
  account,
  postOne,
  balanceOf,
}) => {
  const idempotency = { accountId: account.id, key: 'k' };
  const first = await postOne(leg(account.id), idempotency);
  const second = await postOne(leg(account.id), idempotency);

  expect(first).toMatchObject({ replayed: false });
  expect(second).toEqual({ ...first, replayed: true });
  expect(await balanceOf(account.id)).toBe(99_900);
});

test('an idempotency key with a different request is refused and posts nothing', async ({
  account,
  postOne,
  balanceOf,
}) => {
  const idempotency = { accountId: account.id, key: 'k' };
  await postOne(leg(account.id), idempotency);
  for (const other of [leg(account.id, { amountMinor: 101 }), leg(account.id, { description: 'Other' })])
    expect(await postOne(other, idempotency)).toEqual(new Refusal('idempotency_key_reused'));
  expect(await balanceOf(account.id)).toBe(99_900);
});

test('a refusal is stored under its idempotency key like any other outcome', async ({
  account,
  postOne,
  link,
}) => {
  const idempotency = { accountId: account.id, key: 'k' };
  const tooMuch = leg(account.id, { amountMinor: 100_001 });
  await postOne(tooMuch, idempotency);
  await posted(link, leg(account.id, { direction: 'credit' }));
  expect(await postOne(tooMuch, idempotency)).toEqual(new Refusal('insufficient_funds'));
  expect(await postOne(tooMuch)).toMatchObject({ replayed: false });
});

test('idempotency keys are stored for 24 hours, per account', async ({ link, postOne, account }) => {
  const other = await openTestAccount(link);
  await postOne(leg(account.id), { accountId: account.id, key: 'k' });
  expect(await postOne(leg(other.id), { accountId: other.id, key: 'k' })).toMatchObject({ replayed: false });
  const ttlMs = await link.run((client) => client.pTTL(idempotencyKey(account.id, 'k')));
  expect(ttlMs).toBeGreaterThan(86_390_000);
  expect(ttlMs).toBeLessThanOrEqual(86_400_000);
});

test('a refusal is stored for ten minutes only, as refusals cost the client nothing', async ({
  postOne,
  account,
  link,
}) => {
  await postOne(leg(account.id, { amountMinor: 100_001 }), { accountId: account.id, key: 'k' });
  const ttlMs = await link.run((client) => client.pTTL(idempotencyKey(account.id, 'k')));
  expect(ttlMs).toBeGreaterThan(590_000);
  expect(ttlMs).toBeLessThanOrEqual(600_000);
});

test('a long idempotency key takes no more space in Redis than a short one', async ({
  postOne,
  account,
  redis,
}) => {
  const [long, other] = ['k'.repeat(128), `${'k'.repeat(127)}l`];
  for (const key of [long, other])
    expect(await postOne(leg(account.id), { accountId: account.id, key })).toMatchObject({ replayed: false });
  const names = [...(await redis.dump()).keys()].filter((name) => name.includes(':idempotency:'));
  expect(names).toHaveLength(2);
  for (const name of names) expect(name).toMatch(/:[\w-]{43}$/);
});

test('postings over the maximum in 24 hours are refused until the oldest has expired, and nothing is forgotten', async ({
  account,
  link,
}) => {
  const options = { ...LEDGER_OPTIONS, transfersPerDayMax: 3 };
  const send = (key: string, nowMs: number) =>
    post(link, { legs: [leg(account.id)], idempotency: { accountId: account.id, key } }, options, nowMs);
  for (const key of ['a', 'b', 'c']) expect(await send(key, NOW_MS)).toMatchObject({ replayed: false });

  const later = NOW_MS + 23 * 3_600_000;
  const refused = await send('d', later);
  expect(refused).toEqual(new Refusal('too_many_transfers', { retryAfterSeconds: 2 * 3600 }));
  expect(await send('a', later)).toMatchObject({ replayed: true });

  expect(await send('d', later + 2 * 3_600_000)).toMatchObject({ replayed: false });
});

test('refusals over the maximum are not stored, and do not use up the maximum of postings', async ({
  account,
  link,
  redis,
}) => {
  const options = { ...LEDGER_OPTIONS, transfersPerDayMax: 2 };
  const send = (key: string, amountMinor: number) => {
    const idempotency = { accountId: account.id, key };
    return post(link, { legs: [leg(account.id, { amountMinor })], idempotency }, options, NOW_MS);
  };
  for (const key of ['a', 'b', 'c', 'd'])
    expect(await send(key, 100_001)).toEqual(new Refusal('insufficient_funds'));
  const names = [...(await redis.dump()).keys()].filter((name) => name.includes(':idempotency:'));
  expect(names).toHaveLength(2);
  for (const key of ['e', 'f']) expect(await send(key, 100)).toMatchObject({ replayed: false });
});
