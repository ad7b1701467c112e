import { setImmediate as nextTurn } from 'node:timers/promises';
import { vi } from 'vitest';
import { RedisLink } from '../../src/redis/connection.ts';

/** The event loop has to be idle for so many turns before Redis gets the commands that wait. */
const IDLE_TURNS = 20;

interface Command {
  key: string;
  send: () => Promise<unknown>;
  deliver: (result: PromiseSettledResult<unknown>) => void;
}

/**
 * How often `act` waits for Redis, by the keys of each wait: first what it sends at once, then what it sends once all
 * replies to that are there, and so on. Redis gets each batch when the event loop is idle and replies to the whole of it at
 * once, so the result does not depend on time. All connections of the process are slowed down meanwhile.
 */
export async function waitsOf(act: () => Promise<unknown>): Promise<string[][]> {
  const waits: string[][] = [];
  let batch: Command[] = [];
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    while (batch.length > 0) {
      await idleWhile(() => batch.length);
      const sent = batch;
      batch = [];
      waits.push(sent.map(({ key }) => key));
      const results = await Promise.allSettled(sent.map(({ send }) => send()));
      for (const [n, result] of results.entries()) sent[n]?.deliver(result);
      await nextTurn();
    }
    isRunning = false;
  };
  const { runFor } = RedisLink.prototype;
  const spy = vi.spyOn(RedisLink.prototype, 'runFor').mockImplementation(function (
    this: RedisLink,
    key,
    command,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<never>();
    batch.push({
      key,
      send: () => runFor.call(this, key, command),
      deliver: (result) =>
        result.status === 'fulfilled' ? resolve(result.value as never) : reject(result.reason),
    });
    if (!isRunning) void run();
    return promise;
  });
  try {
    await act();
  } finally {
    spy.mockRestore();
  }
  return waits;
}

/** Resolves once the number has stayed the same for some turns of the event loop. */
async function idleWhile(count: () => number): Promise<void> {
  let last = -1;
  for (let turns = 0; turns < IDLE_TURNS; turns += 1) {
    if (count() !== last) turns = 0;
    last = count();
    await nextTurn();
  }
}
