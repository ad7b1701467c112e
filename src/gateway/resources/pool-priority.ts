import { readdirSync, readFileSync } from 'node:fs';
import { lowerPriority } from '../../users/hashes/thread-priority.ts';

/** The pool has four threads: with 19, they get a twentieth of a core that the main thread wants, too. */
const POOL_NICENESS = 19;

/** The name that libuv gives the threads of its pool. */
const POOL_THREAD = 'libuv-worker';

const TASKS = '/proc/self/task';

/**
 * Lowers the priority of libuv's pool on Linux. Its threads sign access tokens at logins and refreshes, which takes
 * much longer than anything that a request of a logged-in client needs, and none of those waits for the pool. The pool
 * has to be running. Where this is not possible, nothing changes.
 */
export function lowerPoolPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    for (const id of readdirSync(TASKS))
      if (readFileSync(`${TASKS}/${id}/comm`, 'utf8').trim() === POOL_THREAD)
        lowerPriority(Number(id), POOL_NICENESS);
  } catch {
    // Without /proc, or where a sandbox forbids it, the pool has the same priority as requests.
  }
}
