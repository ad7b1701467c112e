import type { Locator, Page } from 'playwright-core';
import type { PageOptions, WatchedPage } from '../support/browser.ts';
import type { BrowserTests } from '../support/browser-tests.ts';
import type { Expected } from '../support/page-faults.ts';
import type { TestStack } from '../support/stack.ts';
import { logInContext } from '../support/web-stack.ts';

/** The looks in which pages are checked. */
export const LOOKS: readonly PageOptions[] = [
  { width: 360, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
  { width: 1440, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
];

/** A page aborts its event streams when it is left, and at a logout. */
export const STREAMS_END: Expected = { path: /\/(?:events|stream)$/, outcome: 'net::ERR_ABORTED' };

/** Fills in and submits the login form. */
export async function logInAs(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

export const atLogIn = (page: Page): Promise<void> =>
  page.getByRole('heading', { name: 'Log in', exact: true }).waitFor();

export const isLoggedIn = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Log out', exact: true }).waitFor();

/** Opens a page in a browser context of its own, logged in as a demo user. */
export async function openAt(
  tests: BrowserTests,
  { url }: TestStack,
  { username, path }: { username: string; path: string },
  options?: PageOptions,
): Promise<WatchedPage> {
  const watched = await tests.open(url, options);
  await logInContext(watched.context, url, username);
  await watched.page.goto(path);
  await watched.page.getByRole('heading', { level: 1 }).waitFor();
  return watched;
}

/** The id of a demo user. */
export function idOf({ users }: TestStack, username: string): string {
  const user = users.find((one) => one.username === username);
  if (user === undefined) throw new Error(`there is no ${username}`);
  return user.id;
}

export const userPath = (stack: TestStack, username: string): string =>
  `/#/admin/users/${idOf(stack, username)}`;

/** Clicks a button of the page and then the one of the confirmation, which may have the same name. */
export async function confirmed(page: Page, button: string, confirmation = button): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  await inDialog(page, confirmation).click();
}

export const inDialog = (page: Page, button: string): Locator =>
  page.getByRole('dialog').getByRole('button', { name: button, exact: true });

/** How long after a click another page shows the login form, in milliseconds. */
export async function leavesAfter(click: Promise<void>, page: Page): Promise<number> {
  await click;
  const clickedMs = performance.now();
  await atLogIn(page);
  return performance.now() - clickedMs;
}
