import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { startWebStack } from '../support/web-stack.ts';
import { atLogIn, isLoggedIn, logInAs, openAt, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack({ SESSIONS_PER_USER_MAX: '100' });
});
afterAll(() => stack?.close());

const openAsBob = () => openAt(tests, stack, { username: 'bob', path: '/#/sessions' });

/** Delays the next response of this path until `release` is called. */
async function delayNext(
  page: Page,
  path: string,
): Promise<{ isDelayed(): boolean; release(): Promise<void> }> {
  const fulfilled = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let isDelayed = false;
  await page.route(
    `**${path}`,
    async (route) => {
      const response = await route.fetch();
      isDelayed = true;
      await released.promise;
      await route.fulfill({ response }).catch(() => {});
      fulfilled.resolve();
    },
    { times: 1 },
  );
  return {
    isDelayed: () => isDelayed,
    release: () => {
      released.resolve();
      return fulfilled.promise;
    },
  };
}

/** As when the tab becomes visible. */
const becomeVisible = (page: Page): Promise<void> =>
  page.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');

/** Runs before the page's scripts: messages from other tabs arrive half a second late. */
const LATE_MESSAGES = `{
  const listen = BroadcastChannel.prototype.addEventListener;
  BroadcastChannel.prototype.addEventListener = function (type, listener) {
    listen.call(this, type, (event) => setTimeout(listener, 500, event));
  };
}`;

const logOut = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Log out', exact: true }).click();

/** After everything received has been handled. */
const settled = (page: Page): Promise<void> =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');

test('a late response about the previous user does not affect the current one', async () => {
  const { page, watch } = await openAsBob();
  watch.expect(STREAMS_END);
  const delayed = await delayNext(page, '/auth/session');
  await becomeVisible(page);
  await until(delayed.isDelayed);
  await logOut(page);
  await atLogIn(page);
  await logInAs(page, 'alice', 'wonderland1');
  await page.getByText('Alice Liddell').first().waitFor();
  await delayed.release();
  await settled(page);
  expect(await page.getByText('Bob Mould').count()).toBe(0);
  await page.getByText('Alice Liddell').first().waitFor();
});

test('a refusal of the previous session does not end the current one', async () => {
  const { page, context, watch } = await openAsBob();
  const refused = { path: /^\/auth\/(?:session|sessions|refresh)$/, outcome: 401 } as const;
  watch.expect(STREAMS_END, refused, { path: '/auth/refresh', outcome: 'net::ERR_ABORTED' });
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  const delayed = await delayNext(page, '/auth/refresh');
  await context.clearCookies({ name: /^portcullis(?:-refresh)?$/ });
  await becomeVisible(page);
  await until(delayed.isDelayed);
  await context.request.post('/auth/login', {
    headers: { origin: stack.url },
    data: { username: 'alice', password: 'wonderland1', transport: 'cookie' },
  });
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await page.getByText('Alice Liddell').first().waitFor();
  await delayed.release();
  await settled(page);
  for (const one of [page, tab]) await isLoggedIn(one);
});

test('a refused logout is reported', async () => {
  const { page, context, watch } = await openAsBob();
  watch.expect({ path: '/auth/logout', outcome: 400 });
  await isLoggedIn(page);
  await context.addCookies([
    { name: 'portcullis', value: 'planted', domain: '127.0.0.1', path: '/auth/logout' },
  ]);
  await logOut(page);
  await page.getByText('You are still logged in.').waitFor();
});

test('a hidden tab, where browsers render no frames, is logged out at once too, including its title', async () => {
  const { page, context, watch } = await openAt(tests, stack, {
    username: 'sam',
    path: `/#/accounts/${stack.accounts.bob}`,
  });
  watch.expect(STREAMS_END);
  await page.getByRole('heading', { name: 'Account of Bob Mould' }).waitFor();
  await expect.poll(() => page.title()).toBe('Account – Portcullis');
  await page.evaluate('globalThis.requestAnimationFrame = () => 0');
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await isLoggedIn(tab);
  await logOut(tab);
  await atLogIn(page);
  expect(await page.title()).toMatch(/^(?:Log in – )?Portcullis$/);
});

test('after a logout, no other tab opens the event stream of that session', async () => {
  const { page, context, watch } = await openAsBob();
  watch.expect(STREAMS_END);
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  const tab = await context.newPage();
  await tab.addInitScript({ content: LATE_MESSAGES });
  await tab.goto('/#/sessions');
  await tab.getByRole('button', { name: 'Log out here' }).waitFor();
  const streams: string[] = [];
  tab.on('request', (request) => {
    if (request.url().endsWith('/auth/session/events')) streams.push(request.url());
  });
  await logOut(page);
  await atLogIn(page);
  await atLogIn(tab);
  await tab.getByText('You have logged out.').waitFor();
  expect(streams).toEqual([]);
});
