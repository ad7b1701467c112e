import type { RedisClient } from '../client.ts';
import { notReady, refused, replyCode, type ServerFault } from './fault.ts';

/**
 * A script without the flag `no-writes` that writes nothing. Redis refuses to start it for the same reasons for which it
 * refuses a write, and it needs no key, so that every node of a Cluster runs it (redis.io/docs, "Script flags").
 */
const WRITE_LUA = '#!lua\n-- write-check\nreturn 1';

/** Why the server refuses writes now; undefined if it accepts them. @throws when the connection fails */
export async function writeFault(client: RedisClient): Promise<ServerFault | undefined> {
  try {
    await client.eval(WRITE_LUA);
    return undefined;
  } catch (fault) {
    return faultOfReply(replyCode(fault), fault);
  }
}

function faultOfReply(code: string | undefined, fault: unknown): ServerFault | undefined {
  switch (code) {
    case undefined:
      throw fault;
    case 'NOPERM':
      // `redis_acl_insufficient` names the command.
      return undefined;
    case 'OOM':
      return notReady(
        'redis_full',
        'Redis has reached maxmemory and rejects writes: raise maxmemory, or remove what does not belong there',
      );
    case 'MISCONF':
      return notReady(
        'redis_disk_failed',
        'Redis rejects writes because it cannot write to its disk: its log has the reason',
      );
    case 'NOREPLICAS':
      return notReady(
        'redis_replicas_missing',
        'Redis rejects writes because fewer replicas than min-replicas-to-write keep up',
      );
    case 'LOADING':
      return refused('redis_loading', 'Redis is loading its data');
    case 'READONLY':
    case 'MASTERDOWN':
      throw fault;
    default:
      return notReady('redis_not_writable', `Redis rejects writes with ${code}`);
  }
}
