import { afterAll, expect, test, vi } from 'vitest';
import { until } from '../../support/until.ts';

/** The channel between tabs is not what is tested here, and a real one keeps the process running. */
vi.stubGlobal('BroadcastChannel', class {});
const { inOneTab } = await import('../../../src/web/auth-session/tabs.ts');
afterAll(() => vi.unstubAllGlobals());

test('a tab that has stopped can start again under the same name', async () => {
  let running = 0;
  const start = (): (() => void) => {
    running += 1;
    return () => {
      running -= 1;
    };
  };
  const stop = inOneTab('test-session', start);
  await until(() => running === 1);
  stop();
  expect(running).toBe(0);
  inOneTab('test-session', start);
  await until(() => running === 1);
});
