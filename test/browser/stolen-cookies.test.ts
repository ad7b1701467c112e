import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WatchedPage } from '../support/browser.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { atLogIn, isLoggedIn, logInAs, STREAMS_END } from './pages.ts';

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack();
});
afterAll(() => stack?.close());

/** The paths of the requests that the bank has received. */
let bankRequests: string[];
const record = (message: unknown): void => {
  const { request } = message as { request: IncomingMessage };
  if (String(request.socket.localPort) === new URL(stack.bank.url).port) bankRequests.push(request.url ?? '');
};
beforeEach(() => {
  bankRequests = [];
  subscribe('http.server.request.start', record);
});
afterEach(() => void unsubscribe('http.server.request.start', record));

/** A page of a customer, and one in another browser with copies of all of the customer's cookies. */
async function stolen(): Promise<{ owner: WatchedPage; thief: WatchedPage }> {
  const owner = await tests.open(stack.url);
  owner.watch.expect(STREAMS_END);
  await owner.page.goto('/#/sessions');
  await logInAs(owner.page, 'bob', 'foobared');
  await isLoggedIn(owner.page);
  await owner.page.getByRole('button', { name: 'Log out here' }).waitFor();
  const thief = await tests.open(stack.url);
  thief.watch.expect({ path: /^\/(?:auth|bank)\//, outcome: 401 });
  await thief.context.addCookies(await owner.context.cookies());
  return { owner, thief };
}

/** Runs in the page: a request with its cookies and, if `hasKey`, with a proof by a key of its own. */
const SEND = `async (method, path, hasKey) => {
  const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const text = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  const headers = {};
  if (hasKey) {
    const kind = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const { privateKey, publicKey } = await crypto.subtle.generateKey(kind, false, ['sign']);
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
    const ath = document.cookie.split('portcullis-present=')[1].split('.')[1];
    const claims = { htm: method, htu: location.origin + path, iat: Math.floor(Date.now() / 1000), jti: crypto.randomUUID(), ath };
    const input = [{ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }, claims].map((part) => encode(text(part))).join('.');
    headers.dpop = input + '.' + encode(await crypto.subtle.sign(kind, privateKey, text(input)));
  }
  const response = await fetch(path, { method, headers });
  return [response.status, (await response.json().catch(() => ({}))).code];
}`;

const send = (page: Page, method: string, path: string, hasKey = false): Promise<[number, string]> =>
  page.evaluate(`(${SEND})(...${JSON.stringify([method, path, hasKey])})`);

const REQUESTS = [
  ['GET', '/bank/accounts'],
  ['GET', '/auth/session'],
  ['GET', '/auth/sessions'],
  ['GET', '/auth/session/events'],
  ['POST', '/auth/refresh'],
  ['POST', '/auth/logout'],
] as const;

test.each([
  ['without a proof', false],
  ['with a proof by another key', true],
])(
  'cookies copied into another browser open nothing %s, and do not end the session',
  async (_how, hasKey) => {
    const { owner, thief } = await stolen();
    await thief.page.goto('/');
    await atLogIn(thief.page);
    bankRequests = [];
    for (const [method, path] of REQUESTS)
      expect([path, ...(await send(thief.page, method, path, hasKey))]).toEqual([
        path,
        401,
        'token_binding_wrong',
      ]);
    expect(bankRequests).toEqual([]);
    await owner.page.reload();
    await isLoggedIn(owner.page);
    await owner.page.getByRole('button', { name: 'Log out here' }).waitFor();
  },
);

test('with copied cookies the web app shows the login form', async () => {
  const { owner, thief } = await stolen();
  await thief.page.goto('/#/sessions');
  await atLogIn(thief.page);
  await owner.page.reload();
  await isLoggedIn(owner.page);
});
