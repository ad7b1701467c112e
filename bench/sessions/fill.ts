import { fillSessions, fillUsers } from '../../src/dev/fill.ts';
import type { RedisClient } from '../../src/redis/client.ts';
import type { TokenBatch } from './identity.ts';
import { filledSessions, filledUsers } from './redis-content.ts';
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
 * Writes `count` live sessions with a user each, as a login writes them, and measures their size. The
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
  await through(socketPath, (client) => fillUsers(client, filledUsers(count)));
  const withUsers = await usedBytes(socketPath);
  await through(socketPath, (client) => fillSessions(client, filledSessions(batch, count, nowMs)));
  const withSessions = await usedBytes(socketPath);
  return {
    sessions: count,
    bytesPerSession: (withSessions - withUsers) / count,
    bytesPerUser: (withUsers - empty) / count,
    seconds: (performance.now() - startMs) / 1000,
  };
}

/** Writes through a pipe, which has the only method of a client that the writers use. */
export async function through(
  socketPath: string,
  write: (client: RedisClient) => Promise<unknown>,
): Promise<void> {
  const pipe = await RedisPipe.open(socketPath);
  try {
    await write(pipe as unknown as RedisClient);
    await pipe.finish();
  } finally {
    pipe.close();
  }
}
