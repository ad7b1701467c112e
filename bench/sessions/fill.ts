import { fillSessions, fillUsers } from '../../src/dev/fill.ts';
import type { RedisClient } from '../../src/redis/client.ts';
import { boundIdentity, type TokenBatch } from './identity.ts';
import { boundSessions, filledSessions, filledUsers, usedProofs } from './redis-content.ts';
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

/** Writes `count` live sessions that are bound to a key each, with a user each. Returns the bytes of each session. */
export async function fillBoundSessions(
  socketPath: string,
  batch: TokenBatch,
  count: number,
  nowMs: number,
): Promise<number> {
  await through(socketPath, (client) => fillUsers(client, filledUsers(count, boundIdentity)));
  const withUsers = await usedBytes(socketPath);
  await through(socketPath, (client) => fillSessions(client, boundSessions(batch, count, nowMs)));
  return ((await usedBytes(socketPath)) - withUsers) / count;
}

/** The tables of Redis grow by doubling, and are three quarters full with so many records. */
const USED_PROOFS = 98_304;
const USED_PROOF_TTL_MS = 600_000;

/** What an empty Redis needs to remember one used proof, in bytes. It is empty again afterwards. */
export async function usedProofBytes(socketPath: string): Promise<number> {
  const before = await usedBytes(socketPath);
  await through(socketPath, async (client) => {
    for (const command of usedProofs(USED_PROOFS, USED_PROOF_TTL_MS)) await client.sendCommand([...command]);
  });
  const bytes = ((await usedBytes(socketPath)) - before) / USED_PROOFS;
  await through(socketPath, (client) => client.sendCommand(['FLUSHALL']));
  return bytes;
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
