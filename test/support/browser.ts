import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumBinary } from './chromium.ts';
import { type Watch, watchContext } from './page-faults.ts';

/** The two widths that the pages are made for, in CSS pixels, with a height that goes with each. */
const HEIGHTS = { 360: 740, 1440: 900 } as const;

const ACTION_DEADLINE_MS = 5000;

/** Nothing that a browser does of its own accord, and no name but those of this machine is ever looked up. */
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
  /** The page's own, so that it shares no cookie with another; `context.newPage()` is a second tab, watched too. */
  context: BrowserContext;
  /** What went wrong in any tab of the context. */
  watch: Watch;
}

/**
 * A headless Chromium with an empty, temporary profile; it dies with this process. One serves a whole test file: a
 * page of its own costs some 50 ms, a browser some 100 ms and a process. It has no sandbox, which is
 * not to be had as root and in most containers: it is for pages of our own only.
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
 * An empty page as a visitor with no past has it, for a site at `origin`, such as `http://127.0.0.1:8080`: `page.goto`
 * takes paths of it. English, UTC. Everything that goes wrong from now on is recorded. Code for the page is given to
 * `page.evaluate` as text: the tests are checked without the DOM's types.
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
  context.setDefaultTimeout(ACTION_DEADLINE_MS);
  const watch = await watchContext(context, origin);
  return { page: await context.newPage(), context, watch };
}

/** By how many CSS pixels the page is wider than its window; 0 when nothing has to be scrolled sideways. */
export const overflowPx = (page: Page): Promise<number> =>
  page.evaluate('document.scrollingElement.scrollWidth - innerWidth');
