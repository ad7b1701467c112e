import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { overflowPx, type PageOptions } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const tests = browserTests();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway?.close());

/** Both widths and both color schemes; the layout does not depend on the colors. */
const LOOKS: PageOptions[] = [
  { width: 360, colorScheme: 'dark' },
  { width: 1440, colorScheme: 'light' },
];

test.each(LOOKS)('/docs is accessible and fits, $width px wide and $colorScheme', async (look) => {
  const { page } = await tests.open(gateway.url, look);
  await page.goto('/docs');
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await overflowPx(page)).toBeLessThanOrEqual(0);
  expect(await axeViolations(page)).toEqual([]);
});
