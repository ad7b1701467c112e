import { createClient } from 'redis';
import type { Logger } from '../log.ts';
import { afterDeadline } from './deadline.ts';
import type { RedisTls } from './server/tls.ts';

export type RedisClient = ReturnType<typeof clientFor>;

/** Redis cannot be reached or gave no usable reply within the deadline. The response is a 503, never an admission. */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable';
  override readonly name: string = 'RedisUnavailable';
}

/** A node-redis client whose own reconnecting, offline queue and command timeout are turned off. */
export function clientFor({ url, deadlineMs, protocol = 2, tls = {} }: LinkOptions) {
  const common = { connectTimeout: deadlineMs, reconnectStrategy: false as const };
  const secure = url.startsWith('rediss:') ? { ...common, tls: true as const, ...tls } : common;
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
  return createClient({
    RESP: protocol as 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    ...(path === undefined ? { url, socket: secure } : { socket: { path, tls: false as const, ...common } }),
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
  /** For `rediss://`. */
  tls?: RedisTls | undefined;
  /** Decides about each new connection. Without it, each is used. */
  admit?: Admission | undefined;
  /** Called with the reason whenever no connection could be opened, or it was not admitted. */
  onFailure?: ((fault: unknown) => void) | undefined;
}

/** How many deadlines the admission of a connection may take. */
const ADMISSION_DEADLINES = 10;

/**
 * Connects the client and has the connection admitted.
 * @throws when it is not connected within the deadline, or not admitted; nothing is left open then
 */
export async function connectWithin(
  client: RedisClient,
  { deadlineMs, admit, onFailure }: LinkOptions,
): Promise<void> {
  let lost: unknown;
  client.on('error', (fault: Error) => {
    lost = fault;
  });
  try {
    await within(deadlineMs, client.connect());
    if (admit !== undefined) await within(deadlineMs * ADMISSION_DEADLINES, admit(client));
    if (!client.isReady) throw new RedisUnavailable('the connection was closed while connecting');
  } catch (fault) {
    if (client.isOpen) client.destroy();
    // The connection may have failed for a reason that the failed command does not tell.
    const reason = fault instanceof RedisUnavailable ? fault : (lost ?? fault);
    onFailure?.(reason);
    throw reason;
  }
}

/** Awaits a step of connecting. @throws {RedisUnavailable} if it takes longer than the deadline */
export async function within<T>(deadlineMs: number, step: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancelTimeout = afterDeadline(deadlineMs, () =>
    reject(new RedisUnavailable(`not connected within ${deadlineMs} ms`)),
  );
  try {
    return await Promise.race([step, timeout]);
  } finally {
    cancelTimeout();
  }
}
