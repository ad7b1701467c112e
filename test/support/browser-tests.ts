import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { launchBrowser, type PageOptions, type WatchedPage, watchedPage } from './browser.ts';

export interface BrowserTests {
  readonly browser: Browser;
  /**
   * Opens an empty page for the test that is running, as `watchedPage` does. When the test has passed and its page has
   * a fault that was not expected, it fails after all; in any case the page is closed.
   */
  open(origin: string, options?: PageOptions): Promise<WatchedPage>;
}

/**
 * One browser for all tests of a file, from the first to the last. To be called once, at the top of the file:
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
    if (browser === undefined) throw new Error('the browser is there only while tests run');
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
          await watched.context.close();
        }
      });
      return watched;
    },
  };
}
