import { afterAll, beforeAll, expect, test } from 'vitest';
import { findUser } from '../../src/users/users.ts';
import { axeViolations } from '../support/axe.ts';
import { overflowPx } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { startWebStack } from '../support/web-stack.ts';
import { idOf, openAt } from './pages.ts';

const tests = browserTests();
let mail: MailServer;
let stack: TestStack;
beforeAll(async () => {
  mail = await startMailServer();
  stack = await startWebStack({ SMTP_URL: mail.url });
});
afterAll(async () => {
  await stack?.close();
  await mail?.close();
});

const linksTo = (address: string): string[] =>
  mail.received
    .filter(({ to }) => to[0] === address)
    .flatMap(({ text }) => text.match(/http:\S+#email=[\w.-]+/) ?? []);

test('a new address is confirmed by its link, whose token is removed from the address bar and works once', async () => {
  const { page, watch } = await openAt(tests, stack, { username: 'bob', path: '/#/sessions' });
  await page.getByText('bob@demo.example').waitFor();
  await page.getByLabel('New address').fill('bobby@new.example');
  await page.getByLabel('Your password', { exact: true }).fill('foobared');
  await page.getByRole('button', { name: 'Send confirmation link' }).click();
  await page.getByText("We've emailed a link to bobby@new.example.").waitFor();
  await page.getByText('bobby@new.example has not been confirmed yet.').waitFor();
  await until(() => linksTo('bobby@new.example').length > 0);
  const [link = ''] = linksTo('bobby@new.example');
  const other = await tests.open(stack.url);
  await other.page.goto(link);
  await other.page.getByRole('heading', { name: 'Confirm your email address' }).waitFor();
  expect(other.page.url()).toBe(`${stack.url}/`);
  expect((await findUser(stack.link, idOf(stack, 'bob')))?.email).toBe('bob@demo.example');
  await other.page.getByRole('button', { name: 'Confirm address' }).click();
  await other.page.getByText('Your email address is confirmed.').waitFor();
  expect((await findUser(stack.link, idOf(stack, 'bob')))?.email).toBe('bobby@new.example');
  watch.expect({ method: 'POST', path: '/auth/email/confirm', outcome: 400 });
  await page.goto(link);
  await page.getByRole('button', { name: 'Confirm address' }).click();
  await page.getByText('This link has expired or has already been used.').waitFor();
});

test('a wrong password and an address that is none are reported at their fields', async () => {
  const { page, watch } = await openAt(tests, stack, { username: 'alice', path: '/#/sessions' });
  watch.expect(...[400, 403].map((outcome) => ({ method: 'PUT', path: '/auth/email', outcome })));
  await page.getByLabel('New address').fill('nowhere');
  await page.getByLabel('Your password', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: 'Send confirmation link' }).click();
  await page.locator('.error', { hasText: /must be an email address/i }).waitFor();
  await page.getByLabel('New address').fill('alice@new.example');
  await page.getByRole('button', { name: 'Send confirmation link' }).click();
  await page.locator('.error', { hasText: /current password/i }).waitFor();
  await expect.poll(() => page.locator(':focus').getAttribute('name')).toBe('current_password');
  expect(linksTo('alice@new.example')).toEqual([]);
});

test('the confirmation page is accessible and fits a phone', async () => {
  const { page } = await tests.open(stack.url, { width: 360 });
  await page.goto('/#email=any');
  await page.getByRole('button', { name: 'Confirm address' }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(await overflowPx(page)).toBe(0);
});
