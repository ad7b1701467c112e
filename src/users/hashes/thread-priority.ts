import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** How much lower the priority of a background thread is. With 10, it gets a tenth of a core that others want, too. */
const BACKGROUND_NICENESS = 10;

/** The lowest priority that Linux has (`setpriority(2)`). */
const MAX_NICENESS = 19;

/**
 * Lowers the priority of the thread that calls it, on Linux, where each thread has its own (`setpriority(2)`, "C
 * library/kernel differences"). The thread that serves requests then need not share a core with it equally. Elsewhere,
 * and if it is not allowed, nothing changes.
 */
export function lowerOwnPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    // `<pid>/task/<tid>` of the calling thread (`proc_thread-self(5)`).
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (Number.isInteger(threadId)) lowerPriority(threadId, BACKGROUND_NICENESS);
  } catch {
    // Without /proc, or where a sandbox forbids it, the work has the same priority as requests.
  }
}

/** Lowers the priority of a thread of this process relative to that of its main thread. @throws if it is not allowed */
export const lowerPriority = (threadId: number, niceness: number): void =>
  setPriority(threadId, Math.min(MAX_NICENESS, getPriority(process.pid) + niceness));
