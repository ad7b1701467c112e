import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeUser } from '../../src/users/update.ts';
import { addUser } from '../../src/users/users.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { atLogIn, confirmed, isLoggedIn, openAt, STREAMS_END, userPath } from './pages.ts';

const EVIL = '<img src=x onerror=alert(1)>';

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
const pageLinks = (page: Page) => page.getByRole('navigation').getByRole('link').allTextContents();
const isNotFound = (page: Page) => page.getByRole('heading', { name: 'Page not found' }).waitFor();
const buttons = (page: Page) => page.getByRole('main').getByRole('button').allTextContents();

test.each(['bob', 'sam'])(
  '%s, who is not an admin, sees no admin page, and the page requests none',
  async (username) => {
    const { page } = await at('/#/sessions', username);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    expect(await pageLinks(page)).toEqual(['Dashboard', 'My sessions']);
    for (const path of ['/#/admin/users', userPath(stack, 'alice'), '/#/admin/audit']) {
      await page.goto(path);
      await isNotFound(page);
      await page.goto('/#/sessions');
      await page.getByText('this device').waitFor();
    }
    expect(asked.filter((path) => path.startsWith('/admin'))).toEqual([]);
  },
);

test('an admin can manage users but not change roles', async () => {
  const admin = await at(userPath(stack, 'bob'), 'ada');
  expect(await pageLinks(admin.page)).toEqual(['Dashboard', 'My sessions', 'Users', 'Audit trail']);
  await admin.page.getByRole('heading', { name: 'Bob Mould (bob)' }).waitFor();
  expect(await buttons(admin.page)).toEqual([
    'Block',
    'End all sessions',
    'Reset password',
    'Save addresses',
  ]);
  expect(await admin.page.getByLabel('Role').count()).toBe(0);
});

test('a super-admin can change roles', async () => {
  const superAdmin = await at(userPath(stack, 'bob'), 'root');
  await superAdmin.page.getByLabel('Role').selectOption('supervisor');
  await confirmed(superAdmin.page, 'Change role');
  await superAdmin.page.getByText('The role of Bob Mould (bob) is now supervisor.').waitFor();
  expect(await superAdmin.page.getByLabel('Role').inputValue()).toBe('supervisor');
});

test.each([
  ['ada', 'This is your own account.'],
  ['root', "Your role is admin, and this user's role is super-admin"],
])('an admin cannot manage %s, and the page says why', async (username, why) => {
  const { page } = await at(userPath(stack, username), 'ada');
  await page.getByText(why).waitFor();
  await page
    .getByText(username === 'ada' ? 'Chrome' : 'No active sessions.')
    .first()
    .waitFor();
  expect(await buttons(page)).toEqual([]);
});

test('a blocked user is logged out of an open page within a second, with the reason', async () => {
  const customer = await at('/#/sessions', 'bob');
  customer.watch.expect(STREAMS_END);
  const { page } = await at(userPath(stack, 'bob'), 'ada');
  await confirmed(page, 'Block');
  const blockedMs = performance.now();
  await atLogIn(customer.page);
  expect(performance.now() - blockedMs).toBeLessThan(1000);
  await customer.page.getByText('Your access has been blocked. Please call the bank.').waitFor();
  await page.getByText('Bob Mould (bob) has been blocked.').waitFor();
  await page.getByText('No active sessions.').waitFor();
  expect(await buttons(page)).toEqual(['Unblock', 'Reset password', 'Save addresses']);
});

test('a demoted admin loses open admin pages but stays logged in', async () => {
  const demoted = await at('/#/admin/users', 'ada');
  demoted.watch.expect(STREAMS_END);
  await demoted.page.getByRole('link', { name: 'Bob Mould' }).waitFor();
  const { page } = await at(userPath(stack, 'ada'), 'root');
  await page.getByLabel('Role').selectOption('user');
  await confirmed(page, 'Change role');
  await isNotFound(demoted.page);
  expect(await pageLinks(demoted.page)).toEqual(['Dashboard', 'My sessions']);
  await isLoggedIn(demoted.page);
  await demoted.page.getByRole('link', { name: 'My sessions' }).click();
  await demoted.page.getByText('this device').waitFor();
});

test('a display name with markup is shown as text', async () => {
  const passwordHash = 'nobody logs in with this';
  const evil = await addUser(
    stack.link,
    { username: 'mallory', displayName: EVIL, role: 'user', passwordHash },
    new Date(),
  );
  if (!('id' in evil)) throw new Error('the name is taken');
  const { page } = await at('/#/admin/users', 'ada');
  page.on('dialog', () => expect.unreachable('a script ran'));
  await page.getByRole('link', { name: EVIL }).click();
  await page.getByRole('heading', { name: `${EVIL} (mallory)` }).waitFor();
  await page.getByRole('button', { name: 'Block' }).click();
  await page
    .getByRole('dialog', { name: `Block ${EVIL} (mallory)?` })
    .getByRole('button', { name: 'Block' })
    .click();
  await page.getByText(`${EVIL} (mallory) has been blocked.`).waitFor();
  expect(await page.getByRole('main').locator('img').count()).toBe(0);
  expect(await page.title()).toBe('User – Portcullis');
});
