import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { overflowPx } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { startWebStack } from '../support/web-stack.ts';
import { atLogIn, isLoggedIn, LOOKS, logInAs, STREAMS_END } from './pages.ts';

const WRONG = { method: 'POST', path: '/auth/login', outcome: 401 } as const;

/** Runs in the page: everything that a script can read. */
const READABLE = `(async () => ({
  cookie: document.cookie,
  kept: { ...localStorage, ...sessionStorage },
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
}))()`;

const tests = browserTests();
let mail: MailServer;
let stack: TestStack;
beforeAll(async () => {
  mail = await startMailServer();
  stack = await startWebStack({
    SMTP_URL: mail.url,
    LOGIN_FAILURES_PER_USERNAME: '2',
    LOGIN_FAILURE_WINDOW_SECONDS: '30',
    SESSIONS_PER_USER_MAX: '100',
  });
});
afterAll(async () => {
  await stack?.close();
  await mail?.close();
});
beforeEach(async () => {
  const counters = await stack.link.run((client) => client.keys('throttle:*'));
  if (counters.length > 0) await stack.link.run((client) => client.del(counters));
});

test('a first visit shows the login form without a refused request, and a login shows the dashboard', async () => {
  const { page, context } = await tests.open(stack.url);
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
  await expect.poll(() => page.title()).toBe('Dashboard – Portcullis');
  const cookies = await context.cookies(`${stack.url}/auth/refresh`);
  const facts = cookies.map(({ name, httpOnly, sameSite, expires }) => ({
    name,
    httpOnly,
    sameSite,
    expires,
  }));
  expect(facts.sort((one, two) => one.name.localeCompare(two.name))).toEqual([
    { name: 'portcullis', httpOnly: true, sameSite: 'Strict', expires: -1 },
    { name: 'portcullis-device', httpOnly: true, sameSite: 'Strict', expires: expect.any(Number) },
    { name: 'portcullis-present', httpOnly: false, sameSite: 'Strict', expires: -1 },
    { name: 'portcullis-refresh', httpOnly: true, sameSite: 'Strict', expires: -1 },
  ]);
});

test('no token is readable by scripts, in cookies, storage or the page', async () => {
  const { page } = await tests.open(stack.url);
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
  const readable = await page.evaluate(READABLE);
  expect(readable).toEqual({
    // Thumbprints of a public key and of the access token.
    cookie: expect.stringMatching(/^portcullis-present=[\w-]{43}\.[\w-]{43}$/),
    kept: {},
    databases: [{ name: 'portcullis', version: 1 }],
    caches: [],
  });
  expect(await page.content()).not.toMatch(/eyJ|v1\./);
});

test('“keep me logged in” sets cookies that persist after the browser is closed', async () => {
  const { page, context } = await tests.open(stack.url);
  await page.goto('/');
  await page.getByLabel('Keep me logged in').check();
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
  const expiries = new Map(
    (await context.cookies(`${stack.url}/auth`)).map(({ name, expires }) => [name, expires]),
  );
  expect(expiries.get('portcullis')).toBeCloseTo(Date.now() / 1000 + 300, -1);
  expect(expiries.get('portcullis-refresh')).toBeGreaterThan(Date.now() / 1000 + 29 * 86_400);
  expect(expiries.get('portcullis-present')).toBeGreaterThan(Date.now() / 1000 + 29 * 86_400);
});

test('a wrong password is reported and cleared', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect(WRONG);
  await page.goto('/');
  await logInAs(page, 'alice', 'wrong');
  await page
    .getByRole('alert')
    .getByText(/password/i)
    .waitFor();
  expect(await page.getByLabel('Password').inputValue()).toBe('');
});

test('after too many wrong passwords, the remaining seconds are counted down', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect(WRONG, { ...WRONG, outcome: 429 });
  await page.goto('/');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await Promise.all([page.waitForEvent('requestfinished'), logInAs(page, 'alice', 'wrong')]);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  }
  await logInAs(page, 'alice', 'wonderland1');
  const alert = page.getByRole('alert');
  await alert.getByText(/Try again in \d\d seconds\./).waitFor();
  const before = await alert.textContent();
  await expect.poll(() => alert.textContent(), { timeout: 20_000 }).not.toBe(before);
});

test('a page opened at another origin than the issuer says so and links to the issuer', async () => {
  const { page, watch } = await tests.open(stack.url.replace('127.0.0.1', 'localhost'));
  watch.expect({ ...WRONG, outcome: 403 });
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await page.getByText(`This site must be opened at ${stack.url}.`).waitFor();
  const link = page.getByRole('alert').getByRole('link', { name: stack.url });
  expect(await link.getAttribute('href')).toBe(stack.url);
});

test('while Redis is frozen, the login page reports an outage and not a wrong password', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect({ ...WRONG, outcome: 503 });
  await page.goto('/');
  stack.redis.freeze();
  try {
    await logInAs(page, 'bob', 'foobared');
    await page.getByText(/Login is not available at the moment/).waitFor();
  } finally {
    stack.redis.thaw();
  }
  await expect.poll(async () => (await fetch(`${stack.url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
});

test('a logout takes one click, is effective at the server and in all tabs, and cannot be undone by a reload', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/#/sessions');
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  const [session] = (await context.cookies()).filter(({ name }) => name === 'portcullis');
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await tab.getByRole('heading', { name: 'My sessions' }).waitFor();
  await tab.getByRole('button', { name: 'Log out here' }).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  for (const one of [page, tab]) {
    await atLogIn(one);
    await one.getByText('You have logged out.').waitFor();
  }
  // The device stays known.
  const left = await context.cookies(`${stack.url}/auth`);
  expect(left.map(({ name }) => name)).toEqual(['portcullis-device']);
  const headers = { cookie: `portcullis=${session?.value}` };
  expect((await fetch(`${stack.url}/auth/session`, { headers })).status).toBe(401);
  await tab.reload();
  await atLogIn(tab);
});

test('after another user has logged in in another tab, a tab shows that user and not the previous one', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/#/sessions');
  await logInAs(page, 'bob', 'foobared');
  await page.getByText('Bob Mould').first().waitFor();
  const answer = await context.request.post('/auth/login', {
    headers: { origin: stack.url },
    data: { username: 'alice', password: 'wonderland1', transport: 'cookie' },
  });
  expect(answer.status()).toBe(200);
  const tab = await context.newPage();
  await tab.goto('/#/sessions');
  await tab.getByText('Alice Liddell').first().waitFor();
  await page.getByText('Alice Liddell').first().waitFor();
  expect(await page.getByText('Bob Mould').count()).toBe(0);
});

test('a session survives a reload, even without the access token', async () => {
  const { page, context, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END, { method: 'GET', path: '/auth/session', outcome: 401 });
  await page.goto('/#/sessions');
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  await page.reload();
  await isLoggedIn(page);
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  await context.clearCookies({ name: 'portcullis' });
  await page.reload();
  await isLoggedIn(page);
});

test('a reset link sets a new password, and its token is removed from the address bar and the history', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect({ path: '/auth/password-reset/confirm', outcome: 400 });
  await page.goto('/');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
  await page.getByLabel('Username').fill('sam');
  await page.getByRole('button', { name: 'Send reset link' }).click();
  await page.getByText(/we've emailed a reset link/).waitFor();
  const links = (): string[] =>
    mail.received.flatMap(({ text }) => text.match(/http:\S+#reset=[\w.-]+/) ?? []);
  await until(() => links().length > 0);
  const link = links()[0] ?? 'no link';
  await page.goto(link);
  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
  expect(page.url()).toBe(`${stack.url}/`);
  await page.getByText('At least 15 characters. Several unrelated words').waitFor();
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.locator('.error', { hasText: 'at least 15 characters' }).waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.getByLabel('New password').fill('a brand new battery');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('Your password has been changed').waitFor();
  await page.getByRole('link', { name: 'Back to login' }).click();
  await atLogIn(page);
  await logInAs(page, 'sam', 'a brand new battery');
  await isLoggedIn(page);
});

test('an invalid browser language is tolerated', async () => {
  const { page, context } = await tests.open(stack.url);
  const language = `Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix' })`;
  await context.addInitScript({ content: language });
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await page.locator('canvas').first().waitFor();
});

test('another user starts on the dashboard, not on the page of the user before', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/#/admin/users');
  await logInAs(page, ' ada ', 'administer1');
  await page.getByRole('row').nth(3).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await atLogIn(page);
  await logInAs(page, 'bob', 'foobared');
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
});

test('login and logout work with the keyboard alone', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/#/sessions');
  await atLogIn(page);
  await page.locator('input:focus').waitFor();
  await page.keyboard.type('bob');
  await page.keyboard.press('Tab');
  await page.keyboard.type('foobared');
  await page.keyboard.press('Enter');
  await isLoggedIn(page);
  await page.getByRole('button', { name: 'Log out here' }).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).focus();
  await page.keyboard.press('Enter');
  await atLogIn(page);
});

test.each(LOOKS)('the login page is accessible and fits, $width px wide and $colorScheme', async (look) => {
  const { page, watch } = await tests.open(stack.url, look);
  watch.expect(WRONG);
  await page.goto('/');
  await logInAs(page, 'nobody', 'wrong');
  await page.getByRole('alert').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(await overflowPx(page)).toBeLessThanOrEqual(0);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
});
