import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeUser } from '../../src/users/update.ts';
import { axeViolations } from '../support/axe.ts';
import { overflowPx, type PageOptions } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import { bearer } from '../support/gateway.ts';
import { logIn } from '../support/sessions.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { inDialog, LOOKS, leavesAfter, openAt, STREAMS_END } from './pages.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const ENDED_ELSEWHERE = "You've been signed out because this session was ended on another device.";

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());
beforeEach(async () => {
  for (const { id } of stack.users) await changeUser(stack.link, id, () => ({ end: 'all' }));
});

const at = (path: string, username: string, options?: PageOptions) =>
  openAt(tests, stack, { username, path }, options);
const logInWithFirefox = () => logIn(stack.url, 'bob', { headers: { 'user-agent': FIREFOX } });
const row = (page: Page, device: string) => page.getByRole('row').filter({ hasText: device });
const focused = (page: Page) => page.locator(':focus');

test.each([
  ['bob', '/#/sessions'],
  ['ada', '/#/admin/users'],
])(
  'a session of %s that is ended in another browser leaves its open page %s within a second, with the reason',
  async (username, path) => {
    const first = await at(path, username);
    first.watch.expect(STREAMS_END);
    const { page } = await at('/#/sessions', username);
    await page.getByRole('button', { name: /^End the session/ }).click();
    expect(await leavesAfter(inDialog(page, 'End session').click(), first.page)).toBeLessThan(1000);
    await first.page.getByText(ENDED_ELSEWHERE).waitFor();
    expect(await first.context.request.get('/auth/session').then((answer) => answer.status())).toBe(401);
  },
);

test('ending a session names it before, removes its row, and focuses the result', async () => {
  const firefox = await logInWithFirefox();
  const { page } = await at('/#/sessions', 'bob');
  await expect
    .poll(() => row(page, 'this device').textContent())
    .toMatch(/Chrom.*127\.0\.0\.1.*now.*Log out/);
  await row(page, 'Firefox on Linux').getByRole('button').click();
  await page
    .getByRole('dialog')
    .getByText('This will sign out Firefox on Linux (127.0.0.1), signed in since')
    .waitFor();
  expect(await focused(page).textContent()).toBe('Cancel');
  await page.keyboard.press('Escape');
  expect(await focused(page).textContent()).toBe('End the session on Firefox on Linux');
  await page.keyboard.press('Enter');
  await inDialog(page, 'End session').click();
  await row(page, 'Firefox on Linux').waitFor({ state: 'detached' });
  await expect
    .poll(() => focused(page).textContent())
    .toBe('The session on Firefox on Linux has been ended.');
  expect(await focused(page).getAttribute('role')).toBe('status');
  const headers = bearer(firefox.access_token);
  expect((await fetch(`${stack.url}/auth/session`, { headers })).status).toBe(401);
});

test('a session that has ended in the meantime is reported as such', async () => {
  const firefox = await logInWithFirefox();
  const { page, watch } = await at('/#/sessions', 'bob');
  await row(page, 'Firefox on Linux').getByRole('button').click();
  await fetch(`${stack.url}/auth/logout`, { method: 'POST', headers: bearer(firefox.access_token) });
  watch.expect({ path: /^\/auth\/sessions\//, outcome: 404 });
  await inDialog(page, 'End session').click();
  await page.getByText('The session on Firefox on Linux had already ended.').waitFor();
});

test('all other sessions are ended at once, after a confirmation with their number', async () => {
  const other = await at('/#/sessions', 'bob');
  other.watch.expect(STREAMS_END);
  await logInWithFirefox();
  const { page } = await at('/#/sessions', 'bob');
  await page.getByRole('button', { name: 'Sign out all other sessions (2)' }).click();
  await page.getByRole('dialog', { name: 'Sign out 2 other sessions?' }).waitFor();
  expect(await leavesAfter(inDialog(page, 'Sign out all').click(), other.page)).toBeLessThan(1000);
  await page.getByText('2 other sessions ended.').waitFor();
  await page.getByText('No other active sessions.').waitFor();
  expect(await page.getByRole('row').count()).toBe(2);
});

test('the current session is ended by logging out', async () => {
  const { page, watch } = await at('/#/sessions', 'bob');
  watch.expect(STREAMS_END);
  await row(page, 'this device').getByRole('button', { name: 'Log out here' }).click();
  await page.getByText('You have logged out.').waitFor();
});

test('an open list of sessions is reloaded in the background, without losing the focus', async () => {
  const { page, watch } = await at('/#/sessions', 'bob');
  watch.expect(STREAMS_END);
  await page.clock.install();
  await page.reload();
  await row(page, 'this device').waitFor();
  const firefox = await logInWithFirefox();
  const asked = page.waitForRequest('**/auth/sessions');
  await page.clock.fastForward(10_000);
  expect((await asked).headers()['x-background']).toBe('1');
  await row(page, 'Firefox on Linux').getByRole('button').focus();
  await fetch(`${stack.url}/auth/logout`, { method: 'POST', headers: bearer(firefox.access_token) });
  await page.clock.fastForward(10_000);
  await row(page, 'Firefox on Linux').waitFor({ state: 'detached' });
  await expect.poll(() => focused(page).getByRole('heading').textContent()).toBe('Where you are logged in');
});

test.each(LOOKS)(
  'the page and its dialog are accessible and fit, $width px wide and $colorScheme',
  async (look) => {
    await logInWithFirefox();
    const { page } = await at('/#/sessions', 'bob', look);
    await row(page, 'Firefox on Linux').waitFor();
    expect(await overflowPx(page)).toBeLessThanOrEqual(0);
    expect(await axeViolations(page)).toEqual([]);
    await row(page, 'Firefox on Linux').getByRole('button').click();
    await page.getByRole('dialog').waitFor();
    expect(await axeViolations(page)).toEqual([]);
  },
);
