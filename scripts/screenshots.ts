import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, type PageOptions, type WatchedPage, watchedPage } from '../test/support/browser.ts';
import { bearer, postJson } from '../test/support/gateway.ts';
import { logIn } from '../test/support/sessions.ts';
import type { TestStack } from '../test/support/stack.ts';
import { logInContext, startWebStack } from '../test/support/web-stack.ts';

/**
 * Takes screenshots of the web app into docs/screenshots/, with the same names, amounts and texts each time. The times
 * are the current ones, because keys in Redis expire by its own clock.
 */

const DIRECTORY = join(import.meta.dirname, '../docs/screenshots');
const HISTORY_MS = 7 * 24 * 60 * 60 * 1000;

interface View {
  name: string;
  path: string;
  /** Awaited before the screenshot. */
  heading: string;
  widths: readonly NonNullable<PageOptions['width']>[];
}

const VIEWS: { username?: string; views: readonly View[] }[] = [
  { views: [{ name: 'login', path: '/', heading: 'Log in', widths: [1440, 360] }] },
  {
    username: 'bob',
    views: [
      { name: 'dashboard', path: '/#/', heading: 'Dashboard', widths: [1440, 360] },
      { name: 'sessions', path: '/#/sessions', heading: 'My sessions', widths: [1440] },
    ],
  },
  {
    username: 'ada',
    views: [
      { name: 'users', path: '/#/admin/users', heading: 'Users', widths: [1440] },
      { name: 'audit', path: '/#/admin/audit', heading: 'Audit trail', widths: [1440] },
    ],
  },
];

const LAPTOP =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';

/** Bob's other devices, at addresses for documentation (RFC 5737). */
const DEVICES = [
  {
    'user-agent':
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    'x-forwarded-for': '203.0.113.24',
  },
  {
    'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'x-forwarded-for': '198.51.100.7',
  },
];

/** Fills the audit trail and the list of users. */
async function createActivity({ url, users }: TestStack): Promise<void> {
  for (const headers of DEVICES) await logIn(url, 'bob', { headers });
  await postJson(`${url}/auth/login`, { username: 'alice', password: 'a guess' }, DEVICES[1]);
  const ada = bearer((await logIn(url, 'ada')).access_token);
  const idOf = (name: string): string => users.find(({ username }) => username === name)?.id ?? '';
  for (const path of [`${idOf('bob')}/logout`, `${idOf('alice')}/block`])
    await postJson(`${url}/admin/users/${path}`, {}, ada);
  for (const headers of DEVICES) await logIn(url, 'bob', { headers });
}

async function take({ page }: WatchedPage, view: View): Promise<void> {
  for (const width of view.widths)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
      await page.emulateMedia({ colorScheme });
      await page.goto('about:blank');
      await page.goto(view.path);
      await page.getByRole('heading', { level: 1, name: view.heading }).waitFor();
      await writeFile(
        join(DIRECTORY, `${view.name}-${width}-${colorScheme}.png`),
        await stableScreenshot(page),
      );
    }
}

/** Takes a screenshot once the page has stopped changing. */
async function stableScreenshot(page: Page): Promise<Buffer> {
  let last: Buffer = Buffer.alloc(0);
  for (let tries = 0; tries < 50; tries += 1) {
    const screenshot = await page.screenshot({ animations: 'disabled' });
    if (screenshot.equals(last)) return screenshot;
    last = screenshot;
    await delay(200);
  }
  throw new Error(`${page.url()} does not stop changing`);
}

async function takeAll(browser: Browser, stack: TestStack): Promise<void> {
  for (const { username, views } of VIEWS) {
    const watched = await watchedPage(browser, stack.url);
    const { context, watch } = watched;
    // Reloading a page aborts its event streams.
    watch.expect({ path: /\/(stream|events)$/, outcome: 'net::ERR_ABORTED' });
    if (username !== undefined) await logInContext(context, stack.url, username, { 'user-agent': LAPTOP });
    for (const view of views) await take(watched, view);
    await watch.expectNoFaults();
    await context.close();
  }
}

await mkdir(DIRECTORY, { recursive: true });
const stack = await startWebStack({ TRUSTED_PROXIES: '127.0.0.1' }, {}, { historyMs: HISTORY_MS });
const browser = await launchBrowser();
try {
  await createActivity(stack);
  await takeAll(browser, stack);
} finally {
  await browser.close();
  await stack.close();
}
