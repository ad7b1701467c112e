import { notReady, type ServerFault, warning } from './fault.ts';
import type { Hello } from './hello.ts';
import type { ServerInfo } from './info.ts';

/** What is known of one server, for `/readyz`, metrics and logs. It is replaced as a whole with each reading. */
export interface ServerState {
  /** `host:port` or the path of the socket, without a username or password. */
  readonly address: string;
  /** Whether there is a connection that commands can use. */
  readonly isConnected: boolean;
  /** When the server was last read, in milliseconds since the epoch; undefined if it never was. */
  readonly readAtMs: number | undefined;
  /** `redis` or `valkey`, with its version. */
  readonly hello: Hello | undefined;
  /** Undefined if it was never read, or the Redis user may not use `INFO`. */
  readonly info: ServerInfo | undefined;
  /** How far the server's clock is ahead of this process's; negative if it is behind. */
  readonly clockAheadMs: number | undefined;
  /** `always`, `everysec` or `no`; undefined if it could not be read. */
  readonly appendFsync: string | undefined;
  readonly faults: readonly ServerFault[];
}

/** How strictly a server is judged. */
export interface ServerLimits {
  /** Whether a server that may evict keys is only warned of. */
  evictionAllowed: boolean;
  clockDifferenceMaxMs: number;
}

/**
 * How far a server's clock is ahead, given its time and when the request was sent and the reply received. The time on the
 * network does not count.
 */
export function clockAhead(serverMs: number, sentMs: number, receivedMs: number): number {
  if (serverMs > receivedMs) return serverMs - receivedMs;
  return serverMs < sentMs ? serverMs - sentMs : 0;
}

/** The faults that show in what was read. */
export function faultsOf(
  { info, clockAheadMs = 0, appendFsync }: Pick<ServerState, 'info' | 'clockAheadMs' | 'appendFsync'>,
  { evictionAllowed, clockDifferenceMaxMs }: ServerLimits,
): ServerFault[] {
  const faults: ServerFault[] = [];
  const policy = info?.evictionPolicy;
  if (policy !== undefined && policy !== 'noeviction')
    faults.push(
      (evictionAllowed ? warning : notReady)(
        'redis_evicts',
        `maxmemory-policy is ${policy}, so Redis may evict sessions and audit records: set it to noeviction, or set REDIS_EVICTION=allow`,
      ),
    );
  if (Math.abs(clockAheadMs) > clockDifferenceMaxMs)
    faults.push(
      notReady(
        'redis_clock_differs',
        `the clock of Redis is ${Math.abs(Math.round(clockAheadMs))} ms ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the clock of this process: correct the one that is wrong`,
      ),
    );
  if (info?.appendOnly === false)
    faults.push(warning('redis_not_durable', 'Redis loses its data at a restart: set appendonly to yes'));
  if (info?.appendOnly !== false && appendFsync === 'no')
    faults.push(
      warning('redis_not_synced', 'a power loss costs Redis up to 30 s of writes: set appendfsync to always'),
    );
  return faults;
}
