import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `condition` holds. @throws when it doesn't within `withinMs`. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`the condition did not hold within ${withinMs} ms`);
    await delay(10);
  }
}
