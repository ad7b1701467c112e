import { createClient } from 'redis';
import type { Logger } from '../log.ts';
import { afterDeadline } from './deadline.ts';

export type RedisClient = ReturnType<typeof clientFor>;

/** Redis cannot be reached or gave no usable reply within the deadline. The response is a 503, never an admission. */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable';
  override readonly name: string = 'RedisUnavailable';
}

/**
 * A node-redis client whose own reconnecting, offline queue and command timeout are turned off.
 * @param url `redis://`, `rediss://`, or `unix:///path/to.sock`
 * @param protocol the version of RESP. With 3, a connection that subscribes can also run commands
 */
export function clientFor(url: string, connectTimeoutMs: number, protocol: 2 | 3 = 2) {
  const common = { connectTimeout: connectTimeoutMs, reconnectStrategy: false as const };
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
  return createClient({
    RESP: protocol as 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    ...(path === undefined ? { url, socket: common } : { socket: { path, tls: false as const, ...common } }),
  });
}

/** Decides about a new connection before it is used, and may run commands on it. Rejects if it must not be used. */
export type Admission = (client: RedisClient) => Promise<void>;

export interface LinkOptions {
  /** `redis://`, `rediss://`, or `unix:///path/to.sock`. */
  url: string;
  /** The time limit for one command, script or transaction, and for connecting. */
  deadlineMs: number;
  log: Logger;
  /** The version of RESP; 2 by default. */
  protocol?: 2 | 3;
  /** Decides about each new connection. Without it, each is used. */
  admit?: Admission;
}

/** How many deadlines the admission of a connection may take. */
const ADMISSION_DEADLINES = 10;

/**
 * Connects the client and has the connection admitted.
 * @throws when it is not connected within the deadline, or not admitted; nothing is left open then
 */
export async function connectWithin(
  client: RedisClient,
  deadlineMs: number,
  admit?: Admission,
): Promise<void> {
  try {
    await within(deadlineMs, client.connect());
    if (admit !== undefined) await within(deadlineMs * ADMISSION_DEADLINES, admit(client));
    if (!client.isReady) throw new RedisUnavailable('the connection was closed while connecting');
  } catch (fault) {
    if (client.isOpen) client.destroy();
    throw fault;
  }
}

async function within(deadlineMs: number, step: Promise<unknown>): Promise<void> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancelTimeout = afterDeadline(deadlineMs, () =>
    reject(new RedisUnavailable(`not connected within ${deadlineMs} ms`)),
  );
  try {
    await Promise.race([step, timeout]);
  } finally {
    cancelTimeout();
  }
}
