import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { startWebStack } from '../support/web-stack.ts';
import { openAt } from './logged-in.ts';
import { atLogIn, isLoggedIn, logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack({ SESSIONS_PER_USER_MAX: '100' });
});
afterAll(() => stack?.close());

const openAsBob = () => openAt(tests, stack, { username: 'bob', path: '/#/sessions' });

/** The network keeps the next answer from this path back until told to go on. */
async function holdNext(page: Page, path: string): Promise<{ isHeld(): boolean; goOn(): Promise<void> }> {
  const answered = Promise.withResolvers<void>();
  const goingOn = Promise.withResolvers<void>();
  let isHeld = false;
  await page.route(
    `**${path}`,
    async (route) => {
      const response = await route.fetch();
      isHeld = true;
      await goingOn.promise;
      await route.fulfill({ response }).catch(() => {});
      answered.resolve();
    },
    { times: 1 },
  );
  return {
    isHeld: () => isHeld,
    goOn: () => {
      goingOn.resolve();
      return answered.promise;
    },
  };
}

/** As when the tab comes into view. */
const lookAgain = (page: Page): Promise<void> =>
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

/** After everything that has arrived has been seen to. */
const settled = (page: Page): Promise<void> =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');

test('an answer about who was here before says nothing of who is here now, however late it comes', async () => {
  const { page, watch } = await openAsBob();
  watch.expect(STREAMS_END);
  const held = await holdNext(page, '/auth/session');
  await lookAgain(page);
  await until(held.isHeld);
  await logOut(page);
  await atLogIn(page);
  await logInAs(page, 'alice', 'wonderland1');
  await page.getByText('Alice Liddell').first().waitFor();
  await held.goOn();
  await settled(page);
  expect(await page.getByText('Bob Mould').count()).toBe(0);
  await page.getByText('Alice Liddell').first().waitFor();
});

test('a refusal of the session before does not end the one that has begun since', async () => {
  const { page, context, watch } = await openAsBob();
  const refused = { path: /^\/auth\/(?:session|sessions|refresh)$/, outcome: 401 } as const;
  watch.expect(STREAMS_END, refused, { path: '/auth/refresh', outcome: 'net::ERR_ABORTED' });
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  const held = await holdNext(page, '/auth/refresh');
  await context.clearCookies({ name: /^portcullis(?:-refresh)?$/ });
  await lookAgain(page);
  await until(held.isHeld);
  await context.request.post('/auth/login', {
    headers: { origin: stack.url },
    data: { username: 'alice', password: 'wonderland1', transport: 'cookie' },
  });
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await page.getByText('Alice Liddell').first().waitFor();
  await held.goOn();
  await settled(page);
  for (const one of [page, tab]) await isLoggedIn(one);
});

test('a log-out that is refused is not told as done', async () => {
  const { page, context, watch } = await openAsBob();
  watch.expect({ path: '/auth/logout', outcome: 400 });
  await isLoggedIn(page);
  await context.addCookies([
    { name: 'portcullis', value: 'planted', domain: '127.0.0.1', path: '/auth/logout' },
  ]);
  await logOut(page);
  await page.getByText('You are still logged in.').waitFor();
});

test('a tab that can not be seen, where browsers draw no frames, is left at once too, its title included', async () => {
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
  expect(await page.title()).toBe('Portcullis');
});

test('after logout no other tab opens the event stream of the session, however late it learns of the logout', async () => {
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
