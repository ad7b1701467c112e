/** A timer that is later than this shows that the process was busy or suspended. */
const BUSY_MS = 20;

/**
 * Calls `onTimeout` after the deadline, once everything that had arrived by then has been read. The time for which this
 * process was busy or suspended does not count, up to a quarter of the deadline: it could neither send the command nor
 * read the reply, which says nothing about Redis.
 * @returns a function that cancels it
 */
export function afterDeadline(deadlineMs: number, onTimeout: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const wait = (waitMs: number, isExtended: boolean): void => {
    const dueMs = performance.now() + waitMs;
    timer = setTimeout(() => {
      const lateMs = performance.now() - dueMs;
      immediate = setImmediate(() => {
        if (isExtended || lateMs < BUSY_MS) onTimeout();
        else wait(Math.min(lateMs, deadlineMs / 4), true);
      });
    }, waitMs);
  };
  wait(deadlineMs, false);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/**
 * Settles like `work`, or rejects with `tooLate()` after the deadline. From then on `isOver` is true, so that the work
 * can end.
 */
export async function withinDeadline<T>(
  deadlineMs: number,
  tooLate: () => Error,
  work: (isOver: () => boolean) => Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  let isOver = false;
  const cancelDeadline = afterDeadline(Math.max(0, deadlineMs), () => {
    isOver = true;
    reject(tooLate());
  });
  try {
    return await Promise.race([work(() => isOver), promise]);
  } finally {
    cancelDeadline();
  }
}
