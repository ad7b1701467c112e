import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumBinary } from './chromium.ts';
import { type Watch, watchContext } from './page-faults.ts';

/** The heights for the two widths for which the pages are designed, in CSS pixels. */
const HEIGHTS = { 360: 740, 1440: 900 } as const;

const ACTION_TIMEOUT_MS = 20_000;

/** No background activity of the browser, and no DNS lookups except for this machine. */
const SWITCHES = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

export interface PageOptions {
  /** In CSS pixels. */
  width?: keyof typeof HEIGHTS;
  colorScheme?: 'light' | 'dark';
  reducedMotion?: 'reduce' | 'no-preference';
}

export interface WatchedPage {
  page: Page;
  /** It shares no cookies with other contexts; `context.newPage()` opens a second tab, which is watched too. */
  context: BrowserContext;
  /** The faults in any tab of the context. */
  watch: Watch;
}

/**
 * Launches a headless Chromium with an empty, temporary profile, which exits with this process. One is enough for a test
 * file: a context takes about 50 ms, a browser 100 ms and a process. It has no sandbox, which does not work as root and
 * in most containers, so it must only open our own pages.
 * @throws {BrowserNotFound}
 */
export async function launchBrowser(): Promise<Browser> {
  const { path, env } = await chromiumBinary();
  return chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env },
    chromiumSandbox: false,
    args: SWITCHES,
  });
}

/**
 * Opens an empty page without cookies or history for the site at `origin`, such as `http://127.0.0.1:8080`, whose paths
 * `page.goto` accepts. The language is English, the time zone UTC. Faults are recorded from now on. Code for
 * `page.evaluate` is passed as text, because the tests are compiled without the DOM's types.
 */
export async function watchedPage(
  browser: Browser,
  origin: string,
  { width = 1440, colorScheme = 'light', reducedMotion = 'no-preference' }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width, height: HEIGHTS[width] },
    colorScheme,
    reducedMotion,
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  context.setDefaultTimeout(ACTION_TIMEOUT_MS);
  const watch = await watchContext(context, origin);
  return { page: await context.newPage(), context, watch };
}

/** By how many CSS pixels the page is wider than its window; 0 if it does not scroll horizontally. */
export const overflowPx = (page: Page): Promise<number> =>
  page.evaluate('document.scrollingElement.scrollWidth - innerWidth');
