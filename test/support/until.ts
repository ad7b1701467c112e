import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `condition` is true. The bound only ends a test that would wait forever: no machine is that slow.
 * @throws if it is not true within `withinMs`
 */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`the condition was not true within ${withinMs} ms`);
    await delay(10);
  }
}
