import { expect } from 'vitest';
import { auditKey } from '../../../src/redis/keys.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { loginAs } from '../../support/gateway.ts';
import { idOf, send } from './admin-clients.ts';

const recordsOf = (body: Record<string, unknown>) => body.records as { log: string; seq: number }[];
const seqsOf = (body: Record<string, unknown>): number[] => recordsOf(body).map(({ seq }) => seq);

const test = gatewayTest()
  .extend('ada', { scope: 'file' }, async ({ gateway }) => {
    for (let i = 0; i < 4; i += 1) await loginAs(gateway.url, 'bob');
    await loginAs(gateway.url, 'alice');
    return loginAs(gateway.url, 'ada');
  })
  .extend(
    'page',
    ({ gateway, ada }) =>
      (query: string) =>
        send(`${gateway.url}/admin/audit${query}`, 'GET', { token: ada }),
  );

test('both audit logs can be paged by time from the newest record to the first, with each record once', async ({
  page,
  gateway,
}) => {
  const first = await page('?limit=4');
  expect(first.status).toBe(200);
  const second = await page(`?limit=4&cursor=${String(first.body.next_cursor)}`);
  expect([...recordsOf(first.body), ...recordsOf(second.body)]).toMatchObject([
    { log: 'security', seq: 1 },
    ...[5, 4, 3, 2, 1].map((seq) => ({ log: 'customers', seq })),
  ]);
  expect(second.body.next_cursor).toBeNull();
  expect((first.body.records as unknown[])[0]).toMatchObject({
    action: 'login',
    result: 'done',
    actor: idOf(gateway, 'ada'),
    address: '127.0.0.1',
    time: expect.stringMatching(/Z$/),
    requestId: expect.any(String),
    prev: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('the audit logs can be filtered by log, by action and by user', async ({ page, gateway }) => {
  expect(seqsOf((await page(`?user=${idOf(gateway, 'bob')}`)).body)).toEqual([4, 3, 2, 1]);
  expect(seqsOf((await page(`?user=${idOf(gateway, 'alice')}&action=login`)).body)).toEqual([5]);
  expect(seqsOf((await page('?log=security')).body)).toEqual([1]);
  expect((await page('?action=logout')).body).toEqual({ records: [], next_cursor: null });
});

test.for([
  ['limit=0', 'limit'],
  ['limit=x', 'limit'],
  ['cursor=%2B', 'cursor'],
  ['cursor=1', 'cursor'],
  ['action=explode', 'action'],
  ['user=%20', 'user'],
  ['log=other', 'log'],
  ['cursor=1-1.customers', 'cursor'],
  ['user=a&user=b', 'user'],
])('%s is a 400 that names the parameter', async ([query, field], { page }) => {
  expect(await page(`?${query}`)).toMatchObject({
    status: 400,
    body: { code: 'query_invalid', errors: [expect.objectContaining({ field })] },
  });
});

test('only roles with the scope can read the audit log', async ({ gateway }) => {
  const token = await loginAs(gateway.url, 'sam');
  expect(await send(`${gateway.url}/admin/audit`, 'GET', { token })).toMatchObject({
    status: 403,
    body: { code: 'insufficient_scope' },
  });
});

test('records of both logs with the same time are each listed once, also across two pages', async ({
  page,
  gateway,
}) => {
  const id = '1-1';
  const record = JSON.stringify({ seq: 1, action: 'key_sign', result: 'done' });
  const older = JSON.stringify({ seq: 0, action: 'key_sign', result: 'done' });
  for (const key of [auditKey('security'), auditKey('customers')])
    await gateway.link.run(async (client) => {
      const entries = (await client.xRange(key, '-', '+')) ?? [];
      const batch = client.multi().del(key).xAdd(key, '1-0', { record: older }).xAdd(key, id, { record });
      for (const entry of entries) batch.xAdd(key, entry.id, entry.message);
      await batch.exec();
    });
  const first = await page('?action=key_sign&limit=1');
  expect(recordsOf(first.body)).toMatchObject([{ log: 'security', seq: 1 }]);
  const rest = await page(`?action=key_sign&cursor=${String(first.body.next_cursor)}`);
  expect(recordsOf(rest.body)).toMatchObject([
    { log: 'customers', seq: 1 },
    { log: 'security', seq: 0 },
    { log: 'customers', seq: 0 },
  ]);
});
