import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserTests } from '../support/browser-tests.ts';
import type { TestStack } from '../support/stack.ts';
import { startWebStack } from '../support/web-stack.ts';
import { leavesAfter, logInAs, openAt, STREAMS_END } from './pages.ts';

const PASSWORD = { method: 'POST', path: '/auth/password' } as const;

const tests = browserTests();
let stack: TestStack;
beforeAll(async () => {
  stack = await startWebStack({ LOGIN_FAILURES_PER_USERNAME: '2', LOGIN_FAILURE_WINDOW_SECONDS: '30' });
});
afterAll(() => stack?.close());

const at = (path: string, username: string) => openAt(tests, stack, { username, path });

test('a refused password change is reported at its field, and too many attempts with the time to wait', async () => {
  const { page, watch } = await at('/#/sessions', 'sam');
  const change = async (current: string, wanted: string): Promise<void> => {
    await page.getByLabel('Current password').fill(current);
    await page.getByLabel('New password').fill(wanted);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  watch.expect(...[400, 403, 429].map((outcome) => ({ ...PASSWORD, outcome })));
  await change('supervise1', 'password-password');
  await page.locator('.error', { hasText: /harder to guess/ }).waitFor();
  await expect.poll(() => page.locator(':focus').getAttribute('name')).toBe('new_password');
  await change('wrong', 'a longer one than before');
  await page.locator('.error', { hasText: /current password/i }).waitFor();
  await expect.poll(() => page.locator(':focus').getAttribute('name')).toBe('current_password');
  await change('wrong', 'a longer one than before');
  await change('wrong', 'a longer one than before');
  await page.getByText(/Try again in (?:30|29|28) seconds/).waitFor();
});

test('a password change ends all other sessions, and the new password is valid for login', async () => {
  const other = await at('/#/sessions', 'alice');
  other.watch.expect(STREAMS_END);
  const { page } = await at('/#/sessions', 'alice');
  await page.getByRole('button', { name: 'Sign out all other sessions (1)' }).waitFor();
  await page.getByLabel('Current password').fill('wonderland1');
  await page.getByLabel('New password').fill('through the looking-glass');
  const changed = page.getByRole('button', { name: 'Change password' }).click();
  expect(await leavesAfter(changed, other.page)).toBeLessThan(1000);
  await page.getByText('Your password has been changed. All of your other sessions have ended.').waitFor();
  await page.getByText('No other active sessions.').waitFor();
  expect(await page.getByLabel('New password').inputValue()).toBe('');
  await logInAs(other.page, 'alice', 'through the looking-glass');
  await other.page.getByRole('heading', { name: 'My sessions' }).waitFor();
});
