import type { RedisClient } from '../client.ts';
import { replyCode } from './fault.ts';
import { readInfo } from './info.ts';
import { clockAhead, type ServerState } from './state.ts';

type Reading = Pick<ServerState, 'info' | 'clockAheadMs'>;

/** Reads `INFO` and the server's clock, as far as the Redis user may. @throws when the connection fails */
export async function readServer(client: RedisClient, now: () => number): Promise<Reading> {
  const sentMs = now();
  const info = await ifPermitted(readInfo(client));
  if (info?.role === 'replica') throw new Error('READONLY the server has become a replica');
  const timeMs = info?.timeMs ?? (await ifPermitted(readTime(client)));
  return { info, clockAheadMs: timeMs === undefined ? undefined : clockAhead(timeMs, sentMs, now()) };
}

/** When the append-only file is synced to the disk; undefined if the Redis user may not ask. */
export async function readAppendFsync(client: RedisClient): Promise<string | undefined> {
  const reply = await ifPermitted(client.sendCommand(['CONFIG', 'GET', 'appendfsync']));
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

async function readTime(client: RedisClient): Promise<number | undefined> {
  const reply = await client.sendCommand(['TIME']);
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
  return seconds === undefined || microseconds === undefined
    ? undefined
    : seconds * 1000 + microseconds / 1000;
}

/** The reply to a command; undefined if it is denied, or the server does not have the command (managed servers). */
const ifPermitted = <T>(reply: Promise<T>): Promise<T | undefined> =>
  reply.catch((fault: unknown) => {
    if (replyCode(fault) === 'NOPERM' || replyCode(fault) === 'ERR') return undefined;
    throw fault;
  });
