import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { isLoggedIn, logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

const STORAGE = /Your browser doesn't let this site store the key that protects your session/;

test.each([
  [
    'no WebCrypto, as on an unencrypted connection',
    `Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });`,
    /can't log in over an unencrypted connection/,
  ],
  ['no IndexedDB', `Object.defineProperty(globalThis, 'indexedDB', { value: undefined });`, STORAGE],
  [
    'an IndexedDB that may not be used',
    `Object.defineProperty(globalThis, 'indexedDB', { get() { throw new DOMException('denied', 'SecurityError'); } });`,
    STORAGE,
  ],
  [
    'an IndexedDB that cannot be opened',
    `IDBFactory.prototype.open = function () {
      const request = Object.assign(new EventTarget(), { error: new DOMException('denied', 'InvalidStateError') });
      setTimeout(() => request.onerror());
      return request;
    };`,
    STORAGE,
  ],
])('a browser with %s is told so instead of the login form', async (_what, script, message) => {
  const { page, context } = await tests.open(stack.url);
  await context.addInitScript({ content: script });
  await page.goto('/');
  await page.getByRole('alert').getByText(message).waitFor();
  expect(await page.getByLabel('Password').count()).toBe(0);
  expect(await axeViolations(page)).toEqual([]);
});

test('a browser that cannot store the key is told so at the login, and sends no password', async () => {
  const { page, context } = await tests.open(stack.url);
  const script = `IDBObjectStore.prototype.put = () => { throw new DOMException('no keys', 'DataCloneError'); };`;
  await context.addInitScript({ content: script });
  const logins: string[] = [];
  context.on('request', (request) => {
    if (request.url().endsWith('/auth/login')) logins.push(request.url());
  });
  await page.goto('/');
  await logInAs(page, 'bob', 'foobared');
  await page.getByRole('alert').getByText(STORAGE).waitFor();
  expect(logins).toEqual([]);
});

test('the keys of logins that were never finished are removed when a page is loaded, but not recent ones', async () => {
  const { page, watch } = await tests.open(stack.url);
  watch.expect(STREAMS_END);
  await page.goto('/');
  const put = (jkt: string, ageMinutes: number): string => `new Promise((done, failed) => {
    const opening = indexedDB.open('portcullis');
    opening.onsuccess = () => {
      const writing = opening.result.transaction('login-keys', 'readwrite');
      writing.objectStore('login-keys').put({ jkt: '${jkt}', createdAtMs: Date.now() - ${ageMinutes} * 60_000 }, '${jkt}');
      writing.oncomplete = () => { opening.result.close(); done(); };
      writing.onerror = failed;
    };
  })`;
  const all = `new Promise((done) => {
    const opening = indexedDB.open('portcullis');
    opening.onsuccess = () => {
      const reading = opening.result.transaction('login-keys').objectStore('login-keys').getAllKeys();
      reading.onsuccess = () => { opening.result.close(); done(reading.result); };
    };
  })`;
  await page.getByLabel('Password').waitFor();
  await expect.poll(() => page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(1);
  await page.evaluate(put('recent', 1));
  await page.evaluate(put('old', 6));
  await page.reload();
  await expect.poll(() => page.evaluate(all)).toEqual(['recent']);
  await logInAs(page, 'bob', 'foobared');
  await isLoggedIn(page);
});
