import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { atLogIn, confirmed, openAt, STREAMS_END, userPath } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

/** Runs before the page's scripts: records the active intervals. */
const RECORD_INTERVALS = `{
  const active = (globalThis.active = new Set());
  const [start, stop] = [setInterval, clearInterval];
  globalThis.setInterval = (...how) => { const id = start(...how); active.add(id); return id; };
  globalThis.clearInterval = (id) => { active.delete(id); stop(id); };
}`;

test('a page starts each interval once and stops it when it is left', async () => {
  const { page, context, watch } = await openAt(tests, stack, { username: 'ada', path: '/' });
  watch.expect(STREAMS_END, { path: /^\/(?:admin|auth|bank)\//, outcome: 'net::ERR_ABORTED' });
  await context.addInitScript({ content: RECORD_INTERVALS });
  /** The number of active intervals, after all effects have run. */
  const active = (): Promise<number> =>
    page.evaluate(
      `new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))).then(() => active.size)`,
    );
  await page.goto('about:blank');
  await page.goto(userPath(stack, 'bob'));
  await page.getByRole('button', { name: 'Block' }).waitFor();
  expect(await active()).toBe(1);
  await confirmed(page, 'Block');
  await page.getByRole('button', { name: 'Unblock' }).waitFor();
  await confirmed(page, 'Unblock');
  await page.getByRole('button', { name: 'Block', exact: true }).waitFor();
  expect(await active()).toBe(1);
  for (let n = 0; n < 6; n += 1)
    await page.evaluate(`location.hash = '${n % 2 === 0 ? '#/sessions' : '#/'}'`);
  await page.getByText('account', { exact: false }).first().waitFor();
  watch.expect({ path: '/bank/accounts', outcome: 401 }, { path: '/auth/sessions', outcome: 401 });
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await atLogIn(page);
  await expect.poll(active).toBe(0);
});
