import { onTestFinished } from 'vitest';

/** What runs beside a test. */
export interface Beside {
  /** Ends it and waits for what is under way. @throws the first error of what ran */
  stop(): Promise<void>;
}

/**
 * Runs each of `works` again and again beside the current test, until it is stopped, at the latest when the test ends.
 * Otherwise a failed test would leave it to the next attempt, and what fails in it after the servers have stopped would
 * fail the whole run. To be called while a test runs, not in a fixture.
 */
export function runBeside(works: readonly (() => Promise<unknown>)[]): Beside {
  let isOver = false;
  const repeat = async (work: () => Promise<unknown>): Promise<void> => {
    while (!isOver) await work();
  };
  const running = works.map(repeat);
  const ended = Promise.allSettled(running);
  const stop = async (): Promise<void> => {
    isOver = true;
    await ended;
  };
  onTestFinished(stop);
  return {
    stop: async () => {
      await stop();
      await Promise.all(running);
    },
  };
}
