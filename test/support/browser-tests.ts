import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { launchBrowser, type PageOptions, type WatchedPage, watchedPage } from './browser.ts';

export interface BrowserTests {
  readonly browser: Browser;
  /**
   * Opens an empty page for the current test, as `watchedPage` does, and closes it afterwards. The test fails if the page
   * has unexpected faults.
   */
  open(origin: string, options?: PageOptions): Promise<WatchedPage>;
}

/**
 * Provides one browser for all tests of a file. To be called once, at the top of the file:
 *
 *     const tests = browserTests();
 *     test('…', async () => {
 *       const { page, watch } = await tests.open(stack.url, { width: 360 });
 *       watch.expect({ method: 'POST', path: '/auth/login', outcome: 401 });
 *       await page.goto('/');
 *     });
 */
export function browserTests(): BrowserTests {
  let browser: Browser | undefined;
  const launched = (): Browser => {
    if (browser === undefined) throw new Error('the browser is available only while tests run');
    return browser;
  };
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  return {
    get browser() {
      return launched();
    },
    open: async (origin, options) => {
      const watched = await watchedPage(launched(), origin, options);
      onTestFinished(async ({ task }) => {
        try {
          if (task.result?.state !== 'fail') await watched.watch.expectNoFaults();
        } finally {
          // A request that the page has just made must not fail the run in the handler of a route.
          for (const page of watched.context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' });
          await watched.context.close();
        }
      });
      return watched;
    },
  };
}
