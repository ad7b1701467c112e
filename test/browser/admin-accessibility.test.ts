import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { overflowPx } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { LOOKS, openAt, userPath } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

test.each(LOOKS)('the admin pages are accessible and fit, $width px wide and $colorScheme', async (look) => {
  await stack.login('bob');
  const { page } = await openAt(tests, stack, { username: 'root', path: '/#/admin/audit' }, look);
  const seen: [string, () => Promise<void>][] = [
    ['/#/admin/audit', () => page.getByText('Ids').first().click()],
    [userPath(stack, 'bob'), () => page.getByRole('rowheader', { name: 'Login' }).first().waitFor()],
    ['/#/admin/users', () => page.getByRole('link', { name: 'Bob Mould' }).waitFor()],
    ['/#/admin/users', () => page.getByRole('button', { name: 'New user' }).click()],
  ];
  for (const [path, isThere] of seen) {
    await page.goto(path);
    await isThere();
    expect(await overflowPx(page)).toBeLessThanOrEqual(0);
    expect(await axeViolations(page)).toEqual([]);
  }
});
