import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccount } from '../../src/bank/ledger/accounts.ts';
import { type Leg, post } from '../../src/bank/ledger/post.ts';
import { axeViolations } from '../support/axe.ts';
import { overflowPx, type PageOptions, type WatchedPage } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { logInContext, startWebStack } from '../support/web-stack.ts';
import { LOOKS, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack({}, {}, { historyMs: 24 * 60 * 60 * 1000 });
});
afterAll(() => stack?.close());

/** The dashboard of a demo user, with its stream open. */
async function dashboardOf(username: string, options?: PageOptions): Promise<WatchedPage> {
  const watched = await tests.open(stack.url, options);
  watched.watch.expect(STREAMS_END);
  await logInContext(watched.context, stack.url, username);
  await watched.page.goto('/');
  await isLive(watched.page);
  return watched;
}

const isLive = (page: Page): Promise<void> => page.getByText('Live', { exact: true }).waitFor();

/** Posts a transaction to Bob's account. */
async function postTransaction(leg: Partial<Leg>): Promise<void> {
  const whole: Leg = {
    accountId: stack.accounts.bob,
    direction: 'debit',
    amountMinor: 100,
    type: 'other',
    counterparty: 'Somebody',
    description: 'Something',
    ...leg,
  };
  await post(
    stack.link,
    { legs: [whole] },
    { transactionsKept: 10_000, transfersPerDayMax: 10_000 },
    Date.now(),
  );
}

const rows = (page: Page): Locator => page.getByRole('table', { name: /transactions/i }).locator('tbody tr');
const payees = (page: Page): Locator => page.getByRole('list', { name: 'Top payees' });
const figure = (page: Page, name: string): Promise<string | null> =>
  page.locator('.figures div', { hasText: name }).locator('dd').textContent();

/** Marks the elements of both charts. The returned function resolves to which of the current ones have the mark. */
async function markCharts(page: Page): Promise<() => Promise<boolean[]>> {
  await page.locator('canvas').waitFor();
  await payees(page).waitFor();
  const charts = `[...document.querySelectorAll('canvas, ol.spenders')]`;
  await page.evaluate(`for (const chart of ${charts}) chart.dataset.mark = 'same'`);
  return () => page.evaluate(`${charts}.map((chart) => chart.dataset.mark === 'same')`);
}

test('a new transaction appears in the list, the balance and both charts, which are updated in place', async () => {
  const { page } = await dashboardOf('bob');
  const marks = await markCharts(page);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  const balance = await page.locator('.account-head strong').textContent();
  await postTransaction({ counterparty: 'Grand Hotel', description: 'The whole year', amountMinor: 900_000 });
  await rows(page).first().getByText('The whole year').waitFor();
  expect(await rows(page).first().textContent()).toContain('−€9,000.00');
  expect(await page.locator('.account-head strong').textContent()).not.toBe(balance);
  expect(await figure(page, 'Now')).toBe(await page.locator('.account-head strong').textContent());
  expect(await figure(page, 'Lowest')).toBe(await figure(page, 'Now'));
  const first = payees(page).getByRole('listitem').first();
  await first.getByText('Grand Hotel').waitFor();
  expect(await first.textContent()).toBe('Grand Hotel €9,000.00');
  expect(await first.locator('rect').getAttribute('width')).toBe('100%');
  expect(await page.getByRole('status').allTextContents()).toContainEqual(
    expect.stringContaining('New transaction: −€9,000.00, Grand Hotel.'),
  );
  expect(await marks()).toEqual([true, true]);
  expect(requests.filter((path) => path.endsWith('/balance'))).toEqual([]);
});

test.each([
  ['no-preference', 1],
  ['reduce', 0],
] as const)('with prefers-reduced-motion %s, a new row has %i animations', async (reducedMotion, count) => {
  const { page } = await dashboardOf('bob', { reducedMotion });
  const description = `Motion: ${reducedMotion}`;
  await postTransaction({ description });
  await rows(page).first().getByText(description).waitFor();
  expect(await page.evaluate('document.getAnimations().length')).toBe(count);
});

test('markup in data is shown as text', async () => {
  const { page, context } = await dashboardOf('bob');
  const markup = '<img src=x onerror=alert(1)>';
  context.on('dialog', () => expect.unreachable('data ran as a script'));
  await postTransaction({
    counterparty: markup,
    description: '<b>bold</b>',
    type: '<i>',
    amountMinor: 1_000_000,
  });
  await page.getByRole('rowheader', { name: markup }).first().waitFor();
  await payees(page).getByText(markup, { exact: true }).waitFor();
  await page.getByLabel('Search transactions').fill('<B>bold');
  await page.locator('mark', { hasText: '<b>bold' }).waitFor();
  expect(await rows(page).first().textContent()).toContain(`${markup}<b>bold</b><i>−€10,000.00`);
  expect(await page.locator('main :is(img, b, i)').count()).toBe(0);
});

test.each([
  ['of hono', { tag: 'img', props: { src: 'x' }, children: [], key: null, ref: null }],
  ['of preact', { type: 'img', props: { src: 'x' }, key: null, ref: null, constructor: null }],
  ['of React', { $$typeof: 'Symbol(react.element)', type: 'img', props: { src: 'x' }, key: null, ref: null }],
])('an object %s in a JSON response is never rendered as an element', async (_, element) => {
  const { page } = await dashboardOf('bob');
  await page.route('**/transactions?*', async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as { transactions: object[] };
    const [first, ...others] = body.transactions;
    await route.fulfill({
      response,
      json: { ...body, transactions: [{ ...first, description: element }, ...others] },
    });
  });
  await page.reload();
  await until(async () => (await rows(page).count()) === 10);
  await until(async () => (await rows(page).first().locator('td.description').innerHTML()) === '');
  expect(await page.locator('main img').count()).toBe(0);
});

test('the balance chart is rebuilt for another range or color scheme, but not for another window size', async () => {
  const { page } = await dashboardOf('bob');
  const marks = await markCharts(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await until(async () => (await overflowPx(page)) <= 0);
  const width = (selector: string): Promise<number> =>
    page.locator(selector).evaluate((element: { clientWidth: number }) => element.clientWidth);
  await until(async () => (await width('.chart .uplot')) === (await width('.chart')));
  expect(await marks()).toEqual([true, true]);
  await page.getByRole('radio', { name: 'Day' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('img', { name: /in the last week/ }).waitFor();
  await until(async () => (await marks()).join() === 'false,true');
  await markCharts(page);
  const barColor = (): Promise<string> =>
    page.evaluate(`getComputedStyle(document.querySelector('.spenders rect')).fill`);
  const lightColor = await barColor();
  await page.emulateMedia({ colorScheme: 'dark' });
  await until(async () => (await marks()).join() === 'false,true');
  expect(await barColor()).not.toBe(lightColor);
  await page.getByText('Balance as a table').click();
  expect(
    await page.getByRole('table', { name: 'Balance in the last week' }).locator('tbody tr').count(),
  ).toBe(3);
});

test('a search highlights and counts its results, and Escape ends it', async () => {
  const { page } = await dashboardOf('bob');
  await postTransaction({ counterparty: 'Zuzu Bar', description: 'zuzu, and ZUZUZU again' });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const field = page.getByLabel('Search transactions');
  await field.pressSequentially('zu');
  await page.getByText('Type 1 more character to search.').waitFor();
  await field.pressSequentially('zu');
  await page.getByRole('status').getByText('1 result').waitFor();
  expect(await page.locator('mark').allTextContents()).toEqual(['Zuzu', 'zuzu', 'ZUZUZU']);
  expect(
    asked.filter((url) => url.includes('/search')).map((url) => new URL(url).searchParams.get('term')),
  ).toEqual(['zuzu']);
  await field.fill('nobody has this');
  await page.getByText('No results').waitFor();
  await field.press('Escape');
  await page.getByRole('heading', { name: 'Latest transactions' }).waitFor();
  expect(await field.inputValue()).toBe('');
  expect(await rows(page).count()).toBeGreaterThan(5);
});

describe('transfers', () => {
  const fill = async (page: Page, amount: string, description: string): Promise<void> => {
    await page.getByLabel('To account number').fill(stack.accounts.alice);
    await page.getByLabel('Amount in EUR').fill(amount);
    await page.getByLabel('Description').fill(description);
    await page.getByRole('button', { name: 'Continue' }).click();
  };
  const keysSent = (page: Page): (string | undefined)[] => {
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/transfers'))
        keys.push(request.headers()['idempotency-key']);
    });
    return keys;
  };
  const send = (page: Page): Promise<void> =>
    page.getByRole('dialog').getByRole('button', { name: /^Send/ }).click();

  test('work with the keyboard alone, including an error and the confirmation of the exact order', async () => {
    const { page } = await dashboardOf('bob');
    await page.getByLabel('To account number').focus();
    await page.keyboard.type(stack.accounts.alice);
    await page.keyboard.press('Tab');
    await page.keyboard.type('1,23.4');
    await page.keyboard.press('Enter');
    await page.getByText('Enter an amount, for example 1,234.50.').waitFor();
    const focused = page.locator(':focus');
    await until(async () => (await focused.getAttribute('name')) === 'amountMinor');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('1,234.5');
    await page.keyboard.press('Tab');
    await page.keyboard.type(' Rent <May> ');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Send €1,234.50?' });
    await dialog.waitFor();
    for (const text of [stack.accounts.bob, stack.accounts.alice, 'Rent <May>'])
      expect(await dialog.getByText(text, { exact: true }).count()).toBe(1);
    expect(await axeViolations(page)).toEqual([]);
    await until(async () => (await focused.textContent()) === 'Back');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('€1,234.50 sent to Alice Liddell.').waitFor();
    await until(async () => (await focused.getAttribute('role')) === 'status');
    await postTransaction({ description: 'after the transfer' });
    await rows(page).getByText('after the transfer').waitFor();
    expect(await rows(page).getByText('Rent <May>').count()).toBe(1);
    expect(await page.getByLabel('Description').inputValue()).toBe('');
  });

  test('a refusal is reported at its field, and the next attempt is a new transfer', async () => {
    const { page, watch } = await dashboardOf('bob');
    watch.expect({ method: 'POST', path: /\/transfers$/, outcome: 422 });
    const keys = keysSent(page);
    await fill(page, '5,000,000', 'A house');
    await send(page);
    await page.getByText(/^Insufficient funds. You have €[\d,.]+ available.$/).waitFor();
    const amount = page.getByLabel('Amount in EUR');
    expect(await amount.getAttribute('aria-invalid')).toBe('true');
    await until(() => amount.evaluate((element) => element === element.ownerDocument.activeElement));
    await page.getByLabel('To account number').fill(stack.accounts.bob);
    await amount.fill('5');
    await page.keyboard.press('Enter');
    await send(page);
    await expect.poll(() => page.getByLabel('To account number').getAttribute('aria-invalid')).toBe('true');
    expect(new Set(keys).size).toBe(2);
  });

  test('a transfer without a response is sent again with the same key and made once', async () => {
    const { page, watch } = await dashboardOf('bob');
    watch.expect({ method: 'POST', path: /\/transfers$/, outcome: 'net::ERR_FAILED' });
    const keys = keysSent(page);
    await page.route(
      '**/transfers',
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await fill(page, '7', 'Sent twice');
    await send(page);
    await page.getByText("We don't know whether the money was sent.").waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('status').getByText('€7.00 sent to Alice Liddell.').waitFor();
    expect(await rows(page).getByText('Sent twice').count()).toBe(1);
    expect(keys).toEqual([expect.stringMatching(/^[\da-f]{32}$/), keys[0]]);
  });
});

describe('the stream', () => {
  const setVisibility = (page: Page, state: 'hidden' | 'visible'): Promise<unknown> =>
    page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);

  test('is closed while the page is hidden or paused, and missed transactions are loaded afterwards', async () => {
    const { page } = await dashboardOf('bob');
    const closed = (): Promise<unknown> =>
      page.waitForEvent('requestfailed', (request) => request.url().endsWith('/stream'));
    await Promise.all([closed(), setVisibility(page, 'hidden')]);
    await postTransaction({ description: 'while hidden' });
    await setVisibility(page, 'visible');
    await rows(page).getByText('while hidden').waitFor();
    await isLive(page);
    await Promise.all([closed(), page.getByRole('button', { name: 'Pause live updates' }).click()]);
    await postTransaction({ description: 'while paused' });
    await page.getByText('Paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Resume live updates' }).click();
    await rows(page).getByText('while paused').waitFor();
  });

  test('is opened again after a refusal, once the session has been rechecked', async () => {
    const { page, watch } = await tests.open(stack.url);
    watch.expect(STREAMS_END, { path: /\/stream$/, outcome: 503 });
    await logInContext(page.context(), stack.url, 'bob');
    let isDown = true;
    await page.route('**/stream', (route) => (isDown ? route.fulfill({ status: 503 }) : route.continue()));
    const asked = page.waitForRequest(
      (request) => request.url().endsWith('/auth/session') && isBackground(request),
    );
    await page.goto('/');
    await page.getByText('Reconnecting').waitFor();
    await asked;
    isDown = false;
    await isLive(page);
    await postTransaction({ description: 'after the refusal' });
    await rows(page).getByText('after the refusal').waitFor();
  });

  const isBackground = (request: { headers(): Record<string, string> }): boolean =>
    request.headers()['x-background'] === '1';
});

test('one of several accounts is shown, and another one can be selected', async () => {
  const [alice] = stack.users.filter(({ username }) => username === 'alice');
  const second = { id: 'second-account', ownerId: alice?.id ?? '', name: 'Alice Liddell', currency: 'JPY' };
  await openAccount(stack.link, { ...second, openingBalanceMinor: 5000, generated: false }, Date.now());
  const { page } = await dashboardOf('alice');
  await page.getByLabel('Account', { exact: true }).selectOption('second-account');
  await page.locator('.account-head', { hasText: 'second-account' }).getByText('¥5,000').waitFor();
  await page.getByText('There are no transactions yet.').waitFor();
  await page.getByText('No spending yet.').waitFor();
  await isLive(page);
});

test("staff without an account can view a customer's account but not make transfers", async () => {
  const { page, watch, context } = await tests.open(stack.url);
  watch.expect(STREAMS_END, { path: /\/nobody$/, outcome: 404 });
  await logInContext(context, stack.url, 'sam');
  await page.goto('/');
  await page.getByRole('heading', { name: "You don't have an account" }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByLabel('Account number').fill(stack.accounts.bob);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Account of Bob Mould' }).waitFor();
  await isLive(page);
  expect(await page.getByRole('heading', { name: 'Transfer money' }).count()).toBe(0);
  await page.goto('/#/accounts/nobody');
  await page.getByText('The account could not be loaded:').waitFor();
});

test('older transactions are loaded page by page without duplicates, and the page is accessible in every look', async () => {
  const { page } = await dashboardOf('bob');
  await until(async () => (await rows(page).count()) === 10);
  await page.getByRole('button', { name: 'Show older' }).click();
  await until(async () => (await rows(page).count()) === 30);
  expect(new Set(await rows(page).allTextContents()).size).toBe(30);
  await page.locator('canvas').waitFor();
  await payees(page).waitFor();
  for (const summary of await page.locator('summary').all()) await summary.click();
  for (const { width = 1440, colorScheme = 'light' } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await until(async () => (await overflowPx(page)) <= 0);
    expect(await axeViolations(page), `${width} px, ${colorScheme}`).toEqual([]);
  }
});
