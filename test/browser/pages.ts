import type { Page } from 'playwright-core';
import type { PageOptions } from '../support/browser.ts';
import type { Expected } from '../support/page-faults.ts';

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
