import type { TokenBatch } from './identity.ts';
import { type Command, sessionCommands, userCommands } from './redis-content.ts';
import { RedisPipe } from './redis-pipe.ts';
import { usedBytes } from './used-memory.ts';

/** What sessions cost Redis, measured by its `used_memory` (INFO, section "memory"). */
export interface RedisBytes {
  readonly sessions: number;
  /** The user's own keys apart. */
  readonly bytesPerSession: number;
  readonly bytesPerUser: number;
  /** How long writing took. */
  readonly seconds: number;
}

/**
 * Writes `count` live sessions with a user each, as `npm start` and a login write them, and measures their size. The
 * users come first, so that the size of the sessions is known apart.
 */
export async function fillRedis(
  socketPath: string,
  batch: TokenBatch,
  count: number,
  nowMs: number,
): Promise<RedisBytes> {
  const startMs = performance.now();
  const empty = await usedBytes(socketPath);
  await writeEach(socketPath, count, userCommands);
  const withUsers = await usedBytes(socketPath);
  await writeEach(socketPath, count, (n) => sessionCommands(batch, n, nowMs));
  const withSessions = await usedBytes(socketPath);
  return {
    sessions: count,
    bytesPerSession: (withSessions - withUsers) / count,
    bytesPerUser: (withUsers - empty) / count,
    seconds: (performance.now() - startMs) / 1000,
  };
}

/** Sends the commands of numbers 0 to `count` − 1. */
export async function writeEach(
  socketPath: string,
  count: number,
  commandsOf: (n: number) => readonly Command[],
): Promise<void> {
  const pipe = await RedisPipe.open(socketPath);
  try {
    for (let n = 0; n < count; n += 1) await pipe.send(commandsOf(n));
    await pipe.finish();
  } finally {
    pipe.close();
  }
}
