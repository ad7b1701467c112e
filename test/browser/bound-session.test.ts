import { decodeJwt, type JWTPayload } from 'jose';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WatchedPage } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import { bearer } from '../support/gateway.ts';
import { logIn } from '../support/sessions.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { logInContext, startWebStack } from '../support/web-stack.ts';
import { exportErrors, jktInCookie, keptKeys } from './login-keys.ts';
import { atLogIn, idOf, isLoggedIn, logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack({ SESSIONS_PER_USER_MAX: '100', DPOP_REQUIRED_ROLES: 'supervisor' });
});
afterAll(() => stack?.close());

/** A page that has been logged in by the login form. */
async function loggedIn(username = 'bob', password = 'foobared', path = '/#/sessions'): Promise<WatchedPage> {
  const watched = await tests.open(stack.url);
  watched.watch.expect(STREAMS_END);
  await watched.page.goto(path);
  await logInAs(watched.page, username, password);
  await isLoggedIn(watched.page);
  return watched;
}

const logOut = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Log out', exact: true }).click();

const isShown = (page: Page): Promise<void> => page.getByRole('button', { name: 'Log out here' }).waitFor();

/** The requests of a context that are part of a session, from now on. */
function sessionRequests(context: BrowserContext): Request[] {
  const requests: Request[] = [];
  context.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (/^\/(?:auth|bank|admin)\//.test(pathname)) requests.push(request);
  });
  return requests;
}

async function proofOf(request: Request): Promise<JWTPayload> {
  const proof = await request.headerValue('dpop');
  if (proof === null) throw new Error(`${request.method()} ${request.url()} has no proof`);
  return decodeJwt(proof);
}

test('each request of a session has a proof of its own for its URL, the event streams included', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  const requests = sessionRequests(context);
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await page.getByText('Live', { exact: true }).waitFor();
  await until(() => requests.some((request) => request.url().endsWith('/auth/session/events')));
  const proofs = await Promise.all(requests.map(proofOf));
  expect(proofs.map(({ htm, htu }) => `${htm} ${htu}`)).toEqual(
    requests.map((request) => `${request.method()} ${request.url().split('?')[0]}`),
  );
  expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(proofs.length);
  const withoutToken = proofs.filter(({ ath }) => ath === undefined).map(({ htu }) => htu);
  expect(withoutToken).toEqual([`${stack.url}/auth/login`]);
  expect(proofs.map(({ htu }) => htu)).toContain(`${stack.url}/bank/accounts/${stack.accounts.bob}/stream`);
});

test('a login keeps one key, which the cookie names and nobody can export', async () => {
  const { page, context } = await loggedIn();
  await isShown(page);
  const [key, ...others] = await keptKeys(page);
  expect(others).toEqual([]);
  expect(key).toMatchObject({ jkt: await jktInCookie(context), extractable: false });
  const errors = await exportErrors(page);
  expect(new Set(errors)).not.toContain('exported');
  expect(errors).toContain('InvalidAccessError');
});

test('a reload and a second tab continue the session with the same key', async () => {
  const { page, context } = await loggedIn();
  await isShown(page);
  const jkt = await jktInCookie(context);
  await page.reload();
  await isShown(page);
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await isShown(tab);
  expect(await jktInCookie(context)).toBe(jkt);
  expect((await keptKeys(tab)).map((key) => key.jkt)).toEqual([jkt]);
});

test('after a logout in another tab, the key is gone', async () => {
  const { page, context } = await loggedIn();
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await isShown(tab);
  expect(await keptKeys(page)).toHaveLength(1);
  await logOut(tab);
  await atLogIn(page);
  await expect.poll(() => keptKeys(page)).toEqual([]);
});

test('after the session was ended on another device, the key is gone', async () => {
  const { page } = await loggedIn();
  await isShown(page);
  const [key] = await keptKeys(page);
  const other = await loggedIn();
  await isShown(other.page);
  await other.page.getByRole('button', { name: /Sign out all other sessions/ }).click();
  await other.page
    .getByRole('dialog')
    .getByRole('button', { name: /Sign out/ })
    .click();
  await atLogIn(page);
  expect(key?.sessionId).toBeTypeOf('string');
  await expect.poll(() => keptKeys(page)).toEqual([]);
});

test('a refused login leaves no key', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect({ method: 'POST', path: '/auth/login', outcome: 401 });
  await page.goto('/');
  await logInAs(page, 'bob', 'wrong');
  await page.getByRole('alert').waitFor();
  await expect.poll(() => keptKeys(page)).toEqual([]);
});

test('a login in another tab replaces the key, and both tabs continue with the new one', async () => {
  const { page, context } = await loggedIn();
  await isShown(page);
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await isShown(tab);
  const before = await jktInCookie(context);
  await logOut(page);
  await atLogIn(tab);
  await logInAs(tab, 'alice', 'wonderland1');
  for (const one of [page, tab]) await one.getByText('Alice Liddell').first().waitFor();
  const after = await jktInCookie(context);
  expect(after).not.toBe(before);
  await expect.poll(async () => (await keptKeys(page)).map(({ jkt }) => jkt)).toEqual([after]);
});

test('a login that takes long keeps its key while another tab logs in', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/#/sessions');
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  const held = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  await page.route('**/auth/login', async (route) => {
    isHeld.resolve();
    await held.promise;
    await route.continue();
  });
  await logInAs(page, 'bob', 'foobared');
  await isHeld.promise;
  await logInAs(tab, 'ada', 'administer1');
  for (const one of [page, tab]) await one.getByText('Ada Byron').first().waitFor();
  expect(await keptKeys(tab)).toHaveLength(2);
  held.resolve();
  for (const one of [page, tab]) await one.getByText('Bob Mould').first().waitFor();
  const jkt = await jktInCookie(context);
  await expect.poll(async () => (await keptKeys(page)).map((key) => key.jkt)).toEqual([jkt]);
});

test('a session from before, which is not bound to a key, continues without proofs', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await logInContext(context, stack.url, 'bob');
  const requests = sessionRequests(context);
  await page.goto('/#/sessions');
  await isShown(page);
  expect(await Promise.all(requests.map((request) => request.headerValue('dpop')))).toEqual(
    requests.map(() => null),
  );
});

test('a session that is not bound ends in the page when its user gets a role that needs a key', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END, { path: /^\/(?:auth|bank)\//, outcome: 401 });
  await logInContext(context, stack.url, 'alice');
  await page.goto('/#/sessions');
  await isShown(page);
  const { access_token } = await logIn(stack.url, 'root');
  const changed = await fetch(`${stack.url}/admin/users/${idOf(stack, 'alice')}/role`, {
    method: 'PUT',
    headers: { ...bearer(access_token), 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'supervisor' }),
  });
  expect(changed.status).toBe(200);
  await atLogIn(page);
  await logInAs(page, 'alice', 'wonderland1');
  await isShown(page);
  expect(await keptKeys(page)).toHaveLength(1);
});

test('a browser that has lost the key shows the login form, and can log in again', async () => {
  const { page, watch } = await loggedIn();
  await isShown(page);
  await page.goto('about:blank');
  watch.expect({ path: /^\/auth\//, outcome: 'net::ERR_ABORTED' });
  await page.goto('/docs');
  await page.evaluate(
    `new Promise((done) => { indexedDB.deleteDatabase('portcullis').onsuccess = done; }).then(() => {})`,
  );
  await page.goto('/#/sessions');
  await atLogIn(page);
  await logInAs(page, 'bob', 'foobared');
  await isShown(page);
});

test('a request of a session that another login has replaced is neither refreshed nor repeated', async () => {
  const { page, context, watch } = await loggedIn();
  await isShown(page);
  watch.expect({ path: '/auth/session', outcome: 401 });
  const isReplaced = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  await page.route(
    '**/auth/session',
    async (route) => {
      isHeld.resolve();
      await isReplaced.promise;
      await route.fulfill({ status: 401, json: { code: 'token_expired', title: 'expired' } });
    },
    { times: 1 },
  );
  await page.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');
  await isHeld.promise;
  await logInContext(context, stack.url, 'root');
  const requests = sessionRequests(context);
  const answered = page.waitForResponse((response) => response.url().endsWith('/auth/session'));
  isReplaced.resolve();
  await answered;
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');
  expect(requests.map((request) => request.url())).toEqual([]);
});

test('a request whose tokens another tab refreshes on its way is repeated with a new proof', async () => {
  const { page, context, watch } = await loggedIn();
  await isShown(page);
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await isShown(tab);
  watch.expect({ path: /^\/auth\/sessions?$/, outcome: 401 });
  const held = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  await page.route(
    '**/auth/session',
    async (route) => {
      isHeld.resolve();
      await held.promise;
      await route.continue();
    },
    { times: 1 },
  );
  const requests = sessionRequests(context);
  await page.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');
  await isHeld.promise;
  const before = await context.cookies();
  await context.clearCookies({ name: 'portcullis' });
  await tab.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');
  const present = (cookies: typeof before) =>
    cookies.find(({ name }) => name === 'portcullis-present')?.value;
  await until(async () => present(await context.cookies()) !== present(before));
  held.resolve();
  const ofThisPage = (): Request[] =>
    requests.filter((request) => request.frame().page() === page && request.url().endsWith('/auth/session'));
  await until(() => ofThisPage().length >= 2);
  const [first, second] = await Promise.all(ofThisPage().map(proofOf));
  expect(first?.ath).not.toBe(second?.ath);
  await expect.poll(async () => (await ofThisPage()[1]?.response())?.status()).toBe(200);
  await isLoggedIn(page);
});
