import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { type WatchedPage, watchedPage } from '../support/browser.ts';
import { type PageServer, servePages } from '../support/browser-pages.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { Fault } from '../support/page-faults.ts';

const tests = browserTests();
let site: PageServer;
let elsewhere: PageServer;
beforeAll(async () => {
  elsewhere = await servePages({});
  site = await servePages({
    '/good': '<p>Nothing is wrong here.</p>',
    '/inline-script': '<script>window.ran = true</script>',
    '/markup': '<script src="/markup.js"></script>',
    '/markup.js': `document.querySelector('h1').innerHTML = '<b>bold</b>';`,
    '/missing': '<img src="/none.png" alt="A picture">',
    '/broken': '<script src="/broken.js"></script>',
    '/broken.js': (response) => response.destroy(),
    '/unlabelled': '<input name="nobody-knows"><p>Text</p>',
  });
});
afterAll(async () => {
  await site.close();
  await elsewhere.close();
});

/** Opens a page whose faults are not checked at the end of the test. */
async function opened(path: string): Promise<WatchedPage> {
  const watched = await watchedPage(tests.browser, site.origin);
  await watched.page.goto(path);
  return watched;
}

async function faultsAfter(path: string, script = '0'): Promise<Omit<Fault, 'url'>[]> {
  const { page, context, watch } = await opened(path);
  await page.evaluate(script);
  const faults = await watch.settledFaults();
  await context.close();
  return faults.map(({ kind, text }) => ({ kind, text }));
}

test('a correct page has no faults, also in a second tab', async () => {
  const { page, context, watch } = await tests.open(site.origin);
  await page.goto('/good');
  await (await context.newPage()).goto('/good');
  expect(watch.faults()).toEqual([]);
});

test('console errors, console warnings and uncaught exceptions are faults; other console messages are not', async () => {
  expect(await faultsAfter('/good', `console.info('a'); console.warn('b'); console.error('c')`)).toEqual([
    { kind: 'console', text: 'b' },
    { kind: 'console', text: 'c' },
  ]);
  const throwing = `new Promise((done) => { setTimeout(() => { setTimeout(done); throw new Error('lost') }) })`;
  expect(await faultsAfter('/good', throwing)).toEqual([
    { kind: 'page-error', text: expect.stringContaining('lost') },
  ]);
});

test("faults are recorded while the page's clock is stopped", async () => {
  const { page, context, watch } = await watchedPage(tests.browser, site.origin);
  await page.clock.install();
  await page.goto('/inline-script');
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.evaluate(`console.error('stopped')`);
  expect((await watch.settledFaults()).map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['csp', 'console']),
  );
  await context.close();
});

test('a violation of the Content-Security-Policy is blocked and recorded, by its event and by the console', async () => {
  const { page, context, watch } = await opened('/inline-script');
  expect(await page.evaluate('window.ran')).toBeUndefined();
  expect(await watch.settledFaults()).toContainEqual({
    kind: 'csp',
    url: `${site.origin}/inline-script`,
    text: expect.stringMatching(/^script-src-elem blocked inline/),
  });
  expect(watch.faults()).toContainEqual(
    expect.objectContaining({ kind: 'console', text: expect.stringContaining('Content Security Policy') }),
  );
  await context.close();
  const kinds = (await faultsAfter('/markup')).map(({ kind, text }) => `${kind} ${text.split(' ')[0]}`);
  expect(kinds).toContain('csp require-trusted-types-for');
});

test('requests to another origin are faults, even if nothing listens there', async () => {
  const closed = await servePages({});
  await closed.close();
  for (const { origin } of [elsewhere, closed]) {
    const faults = await faultsAfter('/good', `fetch('${origin}/x').catch(() => {})`);
    expect(faults).toContainEqual({ kind: 'foreign', text: 'GET' });
  }
  const socket = `new Promise((done) => { new WebSocket('${closed.origin.replace('http', 'ws')}').onerror = done })`;
  expect(await faultsAfter('/good', `${socket}.then(() => {})`)).toContainEqual({
    kind: 'foreign',
    text: 'WebSocket',
  });
});

test('a refused and a failed request are one fault each', async () => {
  expect(await faultsAfter('/missing')).toEqual([{ kind: 'response', text: 'GET 404' }]);
  expect(await faultsAfter('/broken')).toEqual([
    { kind: 'failed-request', text: 'GET net::ERR_EMPTY_RESPONSE' },
  ]);
});

test('only exactly the expected refusal is not a fault', async () => {
  const expectations = [
    { path: '/none.png', outcome: 404 },
    { path: /^\/none/, outcome: 404, method: 'GET' },
    { path: '/none.png', outcome: 401 },
    { path: '/none', outcome: 404 },
    { path: '/none.png', outcome: 404, method: 'POST' },
    { path: '/none.png', outcome: 'net::ERR_ABORTED' },
  ] as const;
  const { context, watch } = await opened('/missing');
  await context.close();
  expect(watch.faults()).toHaveLength(1);
  await expect(watch.expectNoFaults()).rejects.toThrow(`response: GET 404 (${site.origin}/none.png)`);
  for (const expectation of expectations.slice(2)) watch.expect(expectation);
  expect(watch.faults()).toHaveLength(1);
  for (const expectation of expectations.slice(0, 2)) {
    const again = await opened('/missing');
    again.watch.expect(expectation);
    await again.watch.expectNoFaults();
    await again.context.close();
  }
});

test('axe finds accessibility violations under the strict policy and invisibly to the page', async () => {
  const { page } = await tests.open(site.origin);
  await page.goto('/unlabelled');
  const [violation, ...others] = await axeViolations(page);
  expect(others).toEqual([]);
  expect(violation?.id).toBe('label');
  expect(Object.values(violation?.elements ?? {})).toEqual([['input']]);
  expect(await page.evaluate('typeof axe')).toBe('undefined');
  await page.goto('/good');
  expect(await axeViolations(page)).toEqual([]);
});
