import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { confirmed, openAt, userPath } from './logged-in.ts';
import { atLogIn, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

/** Runs in the page before its scripts: knows what goes on again and again. */
const COUNT_INTERVALS = `{
  const going = (globalThis.going = new Set());
  const [start, stop] = [setInterval, clearInterval];
  globalThis.setInterval = (...how) => { const id = start(...how); going.add(id); return id; };
  globalThis.clearInterval = (id) => { going.delete(id); stop(id); };
}`;

test('what a page does again and again it does once, and no more when it has been left', async () => {
  const { page, context, watch } = await openAt(tests, stack, { username: 'ada', path: '/' });
  watch.expect(STREAMS_END, { path: /^\/(?:admin|auth|bank)\//, outcome: 'net::ERR_ABORTED' });
  await context.addInitScript({ content: COUNT_INTERVALS });
  /** How many things go on when all that was drawn has begun what it begins. */
  const going = (): Promise<number> =>
    page.evaluate(
      `new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))).then(() => going.size)`,
    );
  await page.goto('about:blank');
  await page.goto(userPath(stack, 'bob'));
  await page.getByRole('button', { name: 'Block' }).waitFor();
  expect(await going()).toBe(1);
  await confirmed(page, 'Block');
  await page.getByRole('button', { name: 'Unblock' }).waitFor();
  await confirmed(page, 'Unblock');
  await page.getByRole('button', { name: 'Block', exact: true }).waitFor();
  expect(await going()).toBe(1);
  for (let n = 0; n < 6; n += 1)
    await page.evaluate(`location.hash = '${n % 2 === 0 ? '#/sessions' : '#/'}'`);
  await page.getByText('account', { exact: false }).first().waitFor();
  watch.expect({ path: '/bank/accounts', outcome: 401 }, { path: '/auth/sessions', outcome: 401 });
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await atLogIn(page);
  await expect.poll(going).toBe(0);
});
