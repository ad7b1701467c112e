import { expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { loginAs } from '../../support/gateway.ts';
import { idOf, send } from './admin-clients.ts';

const seqsOf = (body: Record<string, unknown>): number[] =>
  (body.records as { seq: number }[]).map(({ seq }) => seq);

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

test('the audit log can be paged from the newest record to the first, with each record once', async ({
  page,
  gateway,
}) => {
  const first = await page('?limit=4');
  expect(first.status).toBe(200);
  const second = await page(`?limit=4&cursor=${String(first.body.next_cursor)}`);
  expect([...seqsOf(first.body), ...seqsOf(second.body)]).toEqual([6, 5, 4, 3, 2, 1]);
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

test('the audit log can be filtered by action and by user', async ({ page, gateway }) => {
  expect(seqsOf((await page(`?user=${idOf(gateway, 'bob')}`)).body)).toEqual([4, 3, 2, 1]);
  expect(seqsOf((await page(`?user=${idOf(gateway, 'alice')}&action=login`)).body)).toEqual([5]);
  expect((await page('?action=logout')).body).toEqual({ records: [], next_cursor: null });
});

test.for([
  ['limit=0', 'limit'],
  ['limit=x', 'limit'],
  ['cursor=%2B', 'cursor'],
  ['cursor=1', 'cursor'],
  ['action=explode', 'action'],
  ['user=%20', 'user'],
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
