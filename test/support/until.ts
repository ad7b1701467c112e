import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `condition` is true. @throws if it is not within `withinMs` */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`the condition was not true within ${withinMs} ms`);
    await delay(10);
  }
}
