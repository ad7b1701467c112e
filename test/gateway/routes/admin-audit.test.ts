import { afterAll, beforeAll, expect, test } from 'vitest';
import { loginAs, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { idOf, send } from './admin-clients.ts';

let gateway: TestGateway;
let ada: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  for (let i = 0; i < 4; i += 1) await loginAs(gateway.url, 'bob');
  await loginAs(gateway.url, 'alice');
  ada = await loginAs(gateway.url, 'ada');
});
afterAll(() => gateway.close());

const page = (query: string) => send(`${gateway.url}/admin/audit${query}`, 'GET', { token: ada });
const seqsOf = (body: Record<string, unknown>): number[] =>
  (body.records as { seq: number }[]).map(({ seq }) => seq);

test('the audit log can be paged from the newest record to the first, with each record once', async () => {
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

test('the audit log can be filtered by action and by user', async () => {
  expect(seqsOf((await page(`?user=${idOf(gateway, 'bob')}`)).body)).toEqual([4, 3, 2, 1]);
  expect(seqsOf((await page(`?user=${idOf(gateway, 'alice')}&action=login`)).body)).toEqual([5]);
  expect((await page('?action=logout')).body).toEqual({ records: [], next_cursor: null });
});

test.each([
  ['limit=0', 'limit'],
  ['limit=x', 'limit'],
  ['cursor=%2B', 'cursor'],
  ['cursor=1', 'cursor'],
  ['action=explode', 'action'],
  ['user=%20', 'user'],
  ['user=a&user=b', 'user'],
])('%s is a 400 that names the parameter', async (query, field) => {
  expect(await page(`?${query}`)).toMatchObject({
    status: 400,
    body: { code: 'query_invalid', errors: [expect.objectContaining({ field })] },
  });
});

test('only roles with the scope can read the audit log', async () => {
  const token = await loginAs(gateway.url, 'sam');
  expect(await send(`${gateway.url}/admin/audit`, 'GET', { token })).toMatchObject({
    status: 403,
    body: { code: 'insufficient_scope' },
  });
});
