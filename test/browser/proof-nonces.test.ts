import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { Expected } from '../support/page-faults.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { keptKeys } from './login-keys.ts';
import { idOf, logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

/** A request without the server's nonce is refused and repeated. */
const REFUSED_ONCE: Expected = { path: /^\/(?:auth|bank)\//, outcome: 401 };

/** Runs before the page's scripts: its clock is off by `clockOffHours`, which can be changed later. */
const clockOff = (hours: number): string => `{
  const RealDate = Date;
  globalThis.clockOffHours = ${hours};
  globalThis.Date = class extends RealDate {
    constructor(...from) { super(...(from.length === 0 ? [Date.now()] : from)); }
    static now() { return RealDate.now() + clockOffHours * 3600_000; }
  };
}`;

/** The paths of the requests that the server refuses, from now on. */
function refusedPaths(context: BrowserContext): string[] {
  const paths: string[] = [];
  context.on('response', (response) => {
    if (response.status() === 401) paths.push(new URL(response.url()).pathname);
  });
  return paths;
}

test.each([-5, 5])(
  'a browser whose clock is off by %i hours logs in and follows the account',
  async (hours) => {
    const { page, context, watch } = await tests.open(stack.url);
    watch.expect(STREAMS_END, REFUSED_ONCE);
    await context.addInitScript({ content: clockOff(hours) });
    const refused = refusedPaths(context);
    await page.goto('/');
    await logInAs(page, 'bob', 'foobared');
    await page.getByText('Live', { exact: true }).waitFor();
    expect(refused).toEqual(['/auth/login']);
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
  },
);

test('a logout ends the session even if the clock has become wrong since the login', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END, REFUSED_ONCE);
  await context.addInitScript({ content: clockOff(0) });
  await page.goto('/#/sessions');
  await logInAs(page, 'sam', 'supervise1');
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  const [{ sessionId = '' } = {}] = await keptKeys(page);
  const record = sessionKey(idOf(stack, 'sam'), sessionId);
  const exists = (): Promise<number> => stack.link.run((client) => client.exists(record));
  expect(await exists()).toBe(1);
  const refused = refusedPaths(context);
  await page.evaluate('clockOffHours = -5');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByText('You have logged out.').waitFor();
  expect(refused).toContain('/auth/logout');
  expect(await exists()).toBe(0);
});

test('the web app works if the server requires a nonce, and a new one every second', async () => {
  const strict = await startWebStack({ DPOP_NONCES: 'required', DPOP_NONCE_LIFETIME_SECONDS: '1' });
  onTestFinished(() => strict.close());
  const { page, watch } = await tests.open(strict.url);
  watch.expect(STREAMS_END, REFUSED_ONCE);
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  for (let visit = 0; visit < 3; visit += 1) {
    await page.getByText('Live', { exact: true }).waitFor();
    await page.reload();
  }
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByText('You have logged out.').waitFor();
});
