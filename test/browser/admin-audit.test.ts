import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditKey } from '../../src/redis/keys.ts';
import { browserTests } from '../support/browser-tests.ts';
import { bearer, postJson } from '../support/gateway.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { idOf, openAt, userPath } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
  const headers = bearer(await stack.login('ada'));
  for (const act of ['block', 'unblock'])
    await postJson(`${stack.url}/admin/users/${idOf(stack, 'bob')}/${act}`, {}, headers);
  await postJson(`${stack.url}/admin/users/${idOf(stack, 'root')}/block`, {}, headers);
  await postJson(`${stack.url}/auth/login`, { username: 'alice', password: 'wrong' });
});
afterAll(() => stack?.close());

const at = (path: string) => openAt(tests, stack, { username: 'ada', path });

test('a record shows the action, actor, subject, result and address', async () => {
  const { page } = await at('/#/admin/audit');
  const rows = page.getByRole('row');
  const refused = rows.filter({ hasText: 'rank too low' });
  await expect
    .poll(() => refused.getByRole('cell').allTextContents())
    .toEqual([
      expect.stringMatching(/\d:\d\d:\d\d/),
      'ada',
      'root',
      '127.0.0.1',
      'rank too low',
      expect.stringContaining('Ids'),
    ]);
  expect(await refused.getByRole('rowheader').textContent()).toBe('User block refused');
  await refused.getByText('Ids').click();
  await refused.getByText(/^[\da-f-]{20,}$/).waitFor();
  expect(await rows.filter({ hasText: 'wrong password' }).getByRole('cell').allTextContents()).toContain(
    'alice',
  );
});

test('the audit trail is filtered by user and action, and the filter is kept in the URL', async () => {
  const { page } = await at('/#/admin/audit');
  const actions = () => page.getByRole('rowheader').allTextContents();
  await page.getByText('User unblocked').nth(1).waitFor();
  const before = await actions();
  await page.getByLabel('Username').fill('Bob');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect.poll(actions).toEqual(['User unblocked ', 'User blocked ']);
  expect(new URL(page.url()).hash).toBe(`#/admin/audit?user=${idOf(stack, 'bob')}`);
  expect(await page.getByLabel('Username').inputValue()).toBe('bob');
  await page.getByLabel('Action').selectOption('User blocked');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect.poll(actions).toEqual(['User blocked ']);
  expect(new URL(page.url()).hash).toBe(`#/admin/audit?user=${idOf(stack, 'bob')}&action=user_block`);
  await page.goBack();
  await expect.poll(actions).toEqual(['User unblocked ', 'User blocked ']);
  expect(await page.getByLabel('Action').inputValue()).toBe('');
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect.poll(actions).toEqual(before);
  expect(await page.getByLabel('Username').inputValue()).toBe('');
});

test('an unknown user is reported at the field, with similar usernames', async () => {
  const { page } = await at('/#/admin/audit');
  await page.getByLabel('Username').fill('al');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText('There is no user “al”. Did you mean alice?').waitFor();
  await expect.poll(() => page.locator(':focus').getAttribute('name')).toBe('user');
});

test("a user's page shows their latest records and links to all of them", async () => {
  const { page } = await at(userPath(stack, 'bob'));
  await page.getByRole('rowheader', { name: 'User unblocked' }).waitFor();
  await page.getByRole('link', { name: 'All records of this user' }).click();
  await page.getByRole('heading', { name: 'Audit trail' }).waitFor();
  await expect.poll(() => page.getByLabel('Username').inputValue()).toBe('bob');
  await page.getByText('2 records').waitFor();
});

test('a filter without matches on a page shows how far back the search went, and can be continued', async () => {
  const record = JSON.stringify({ action: 'logout', result: 'done' });
  await stack.link.run((client) => {
    const batch = client.multi();
    for (let count = 0; count < 5000; count += 1) batch.xAdd(auditKey(), '*', { record });
    return batch.execAsPipeline();
  });
  const { page } = await at('/#/admin/audit?action=user_unblock');
  await page.getByText(/^No matching records since \d/).waitFor();
  await page.getByRole('button', { name: 'Show older' }).click();
  await page.getByRole('rowheader', { name: 'User unblocked' }).waitFor();
  await page.getByText('End of list').waitFor();
});
