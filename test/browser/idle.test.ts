import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { runBeside } from '../support/beside.ts';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { logInContext, startWebStack } from '../support/web-stack.ts';
import { atLogIn, isLoggedIn, STREAMS_END } from './pages.ts';

const IDLE_SECONDS = 8;
/** The movement of a resting mouse. */
const JITTER_PX = 0.5;
const INACTIVE = "You've been logged out because you were inactive.";

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  const settings = { sessionIdleSeconds: IDLE_SECONDS, accessTokenTtlSeconds: 3 };
  stack = await startWebStack({}, {}, { settings });
});
afterAll(() => stack?.close());

async function openAs(username: string) {
  const opened = await tests.open(stack.url);
  opened.watch.expect(STREAMS_END);
  await logInContext(opened.context, stack.url, username);
  await opened.page.goto('/#/sessions');
  await isLoggedIn(opened.page);
  return opened;
}

/** Moves the mouse repeatedly by a distance. The returned function stops it and resolves to the number of warnings. */
function moveMouse(page: Page, byPx: number): () => Promise<number> {
  let moves = 0;
  let warnings = 0;
  const moving = runBeside([
    async () => {
      moves += 1;
      await page.mouse.move(100 + byPx * (moves % 7), 300);
      warnings += await page.getByRole('dialog').count();
      await page.waitForTimeout(250);
    },
  ]);
  return async () => {
    await moving.stop();
    return warnings;
  };
}

test('an idle page warns, can be kept, and is logged out at the idle timeout', async () => {
  const { page, watch, context } = await openAs('bob');
  // The tokens may be refreshed, and the event stream be opened, in the moment when the session ends.
  for (const path of ['/auth/session', '/auth/refresh', '/auth/session/events'])
    watch.expect({ path, outcome: 401 });

  const stopJitter = moveMouse(page, JITTER_PX);
  const dialog = page.getByRole('dialog', { name: 'Are you still there?' });
  await dialog.getByText(/You will be logged out in \d seconds?/).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  const token = (await context.cookies()).find(({ name }) => name === 'portcullis');
  await dialog.getByRole('button', { name: 'Stay logged in' }).click();
  await dialog.waitFor({ state: 'detached' });

  await dialog.waitFor();
  await atLogIn(page);
  await page.getByText(INACTIVE).waitFor();
  await stopJitter();
  const headers = { cookie: `portcullis=${token?.value}`, 'x-background': '1' };
  expect((await fetch(`${stack.url}/auth/session`, { headers })).status).toBe(401);
});

test('a page in use stays logged in, without a warning and with refreshed tokens', async () => {
  const { page, context } = await openAs('alice');
  const accessToken = async () => (await context.cookies()).find(({ name }) => name === 'portcullis')?.value;
  const before = await accessToken();
  const stop = moveMouse(page, 20);
  await page.waitForTimeout(2.5 * IDLE_SECONDS * 1000);
  expect(await stop()).toBe(0);
  await isLoggedIn(page);
  const sessions = await context.request.get('/auth/sessions', { headers: { 'x-background': '1' } });
  expect(sessions.status()).toBe(200);
  expect(await accessToken()).not.toBe(before);
});

test('a page is logged out at the idle timeout even if the service is unavailable', async () => {
  const { page, watch } = await openAs('bob');
  const paths = ['/auth/session', '/auth/sessions', '/auth/email', '/auth/refresh', '/auth/session/events'];
  for (const path of paths) watch.expect({ path, outcome: 503 }, { path, outcome: 401 });
  stack.redis.freeze();
  try {
    await page.getByText(INACTIVE).waitFor({ timeout: 30_000 });
    await atLogIn(page);
  } finally {
    stack.redis.thaw();
  }
});
