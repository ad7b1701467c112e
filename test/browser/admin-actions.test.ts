import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeUser } from '../../src/users/update.ts';
import { addUser, findUser } from '../../src/users/users.ts';
import { browserTests } from '../support/browser-tests.ts';
import { bearer } from '../support/gateway.ts';
import { logIn } from '../support/sessions.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { confirmed, idOf, inDialog, openAt, userPath } from './pages.ts';

/** A password hash that no password matches. */
const UNUSABLE_HASH = 'none';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());
beforeEach(async () => {
  for (const { id, role } of stack.users)
    await changeUser(stack.link, id, () => ({ set: { role, status: 'active' }, end: 'all' }));
});

const at = (path: string, username: string) => openAt(tests, stack, { username, path });

const statusOf = async (accessToken: string): Promise<number> =>
  (await fetch(`${stack.url}/auth/session`, { headers: bearer(accessToken) })).status;

test('users are found by the start of their username and loaded page by page', async () => {
  for (const number of Array.from({ length: 60 }, (_, index) => String(index).padStart(2, '0'))) {
    const user = {
      username: `customer${number}`,
      displayName: `Customer ${number}`,
      role: 'user',
      passwordHash: UNUSABLE_HASH,
    } as const;
    await addUser(stack.link, user, new Date());
  }
  const { page, watch } = await at('/#/admin/users', 'ada');
  const rows = page.getByRole('rowheader');
  await page.getByText('The first 50 users').waitFor();
  expect(await rows.count()).toBe(50);
  watch.expect({ path: '/admin/users', outcome: 'net::ERR_FAILED' });
  await page.route('**/admin/users?cursor=*', (route) => route.abort(), { times: 1 });
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.getByText("The rest of the list could not be loaded: The service can't be reached").waitFor();
  expect(await rows.count()).toBe(50);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('65 users').waitFor();
  expect(new Set(await rows.allTextContents()).size).toBe(65);
  await expect.poll(() => page.locator(':focus').textContent()).toBe('End of list');
  await page.getByLabel('Username starts with').fill('CUSTOMER1');
  await page.getByText('10 users').waitFor();
  await page.getByLabel('Username starts with').fill('nobody');
  await page.getByText('No username starts with “nobody”.').waitFor();
  expect(await rows.count()).toBe(0);
});

test('an invalid new user is reported at its fields, and a valid one is created', async () => {
  const { page, watch } = await at('/#/admin/users', 'root');
  watch.expect({ method: 'POST', path: '/admin/users', outcome: 400 });
  watch.expect({ method: 'POST', path: '/admin/users', outcome: 409 });
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByLabel('Username', { exact: true }).fill('bob');
  await page.getByLabel('Email').fill('nonsense');
  await inDialog(page, 'Create user').click();
  await page.locator('.error', { hasText: /e-?mail/i }).waitFor();
  await page.getByLabel('Email').fill('eve@demo.example');
  await inDialog(page, 'Create user').click();
  await page.locator('.error', { hasText: /taken/ }).waitFor();
  await page.getByLabel('Username', { exact: true }).fill('eve');
  await page.getByLabel('Role').selectOption('supervisor');
  await page.getByLabel('Password').fill('dropping from the eaves');
  await inDialog(page, 'Create user').click();
  await page.getByText('eve (eve) has been created.').waitFor();
  await page.getByRole('link', { name: 'Go to the user' }).click();
  await page.getByRole('heading', { name: 'eve (eve)' }).waitFor();
  const login = { username: 'eve', password: 'dropping from the eaves' };
  const answer = await fetch(`${stack.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(login),
  });
  expect(answer.status).toBe(200);
});

test('one session of a user is ended, then all of them, and the page shows it', async () => {
  const first = await logIn(stack.url, 'bob', { headers: { 'user-agent': 'curl/8.0' } });
  const second = await logIn(stack.url, 'bob', { headers: { 'user-agent': 'wget/1.0' } });
  const { page } = await at(userPath(stack, 'bob'), 'ada');
  await page.getByRole('button', { name: 'End the session on curl' }).click();
  await page.getByRole('dialog', { name: 'End this session of Bob Mould (bob)?' }).waitFor();
  await inDialog(page, 'End session').click();
  await page.getByText('The session of Bob Mould (bob) on curl has been ended.').waitFor();
  await page.getByRole('button', { name: 'End the session on curl' }).waitFor({ state: 'detached' });
  expect([await statusOf(first.access_token), await statusOf(second.access_token)]).toEqual([401, 200]);
  await page.getByRole('rowheader', { name: 'Session ended' }).waitFor();
  await confirmed(page, 'End all sessions');
  await page.getByText('No active sessions.').waitFor();
  expect(await statusOf(second.access_token)).toBe(401);
});

test('address ranges are saved, and invalid ones are reported by name', async () => {
  const { page, watch } = await at(userPath(stack, 'alice'), 'ada');
  watch.expect({ method: 'PUT', path: /\/ranges$/, outcome: 400 });
  const field = page.getByLabel('Addresses and CIDR ranges');
  await field.fill('10.0.0.0/8\nnowhere\n');
  await confirmed(page, 'Save addresses');
  await page.getByText(/“nowhere” .*address/).waitFor();
  expect(await field.inputValue()).toBe('10.0.0.0/8\nnowhere\n');
  await field.fill('10.0.0.0/8\n::1');
  await page.getByRole('button', { name: 'Save addresses' }).click();
  await page.getByText('only these addresses are allowed: 10.0.0.0/8, ::1.').waitFor();
  await inDialog(page, 'Save addresses').click();
  await page.getByText('The allowed addresses of Alice Liddell (alice) have been changed.').waitFor();
  expect(await field.inputValue()).toBe('10.0.0.0/8\n::1');
  expect((await findUser(stack.link, idOf(stack, 'alice')))?.ranges).toEqual(['10.0.0.0/8', '::1']);
});

test('without an email address, a password reset shows a link once, which sets a new password', async () => {
  const user = {
    username: 'unreachable',
    displayName: 'Una',
    role: 'user',
    passwordHash: UNUSABLE_HASH,
  } as const;
  const una = await addUser(stack.link, user, new Date());
  if (!('id' in una)) throw new Error('the name is taken');
  const { page } = await at(`/#/admin/users/${una.id}`, 'ada');
  await confirmed(page, 'Reset password');
  await page.getByText('Shown only once.').waitFor();
  const link = await page.getByLabel('Link to choose a new password').inputValue();
  const other = await tests.open(stack.url);
  await other.page.goto(link);
  await other.page.getByLabel('New password').fill('guarding the guards');
  await other.page.getByRole('button', { name: 'Change password' }).click();
  await other.page.getByText('Your password has been changed').waitFor();
  await page.getByRole('button', { name: 'Hide link' }).click();
  await page.getByText('Shown only once.').waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain(new URL(link).hash.slice('#reset='.length));
});

test('a refused action is reported in its dialog, and nothing changes', async () => {
  const { page, watch } = await at(userPath(stack, 'bob'), 'ada');
  await page.getByRole('button', { name: 'Block' }).click();
  await changeUser(stack.link, idOf(stack, 'bob'), () => ({ set: { role: 'super-admin' } }));
  watch.expect({ method: 'POST', path: /\/block$/, outcome: 403 });
  await inDialog(page, 'Block').click();
  await page.getByRole('dialog').getByRole('alert').getByText(/role/).waitFor();
  await inDialog(page, 'Cancel').click();
  expect(await page.getByText('active', { exact: true }).count()).toBe(1);
});
