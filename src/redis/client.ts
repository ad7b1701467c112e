import { createClient } from 'redis';
import { afterDeadline } from './deadline.ts';

export type RedisClient = ReturnType<typeof clientFor>;

/** Redis cannot be reached or gave no usable reply within the deadline. The response is a 503, never an admission. */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable';
  override readonly name = 'RedisUnavailable';
}

/**
 * A node-redis client whose own reconnecting, offline queue and command timeout are turned off.
 * @param url `redis://`, `rediss://`, or `unix:///path/to.sock`
 */
export function clientFor(url: string, connectTimeoutMs: number) {
  const common = { connectTimeout: connectTimeoutMs, reconnectStrategy: false as const };
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
  return createClient({
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
    ...(path === undefined ? { url, socket: common } : { socket: { path, tls: false as const, ...common } }),
  });
}

/** Connects the client. @throws when it is not usable within the deadline; nothing is left open then. */
export async function connectWithin(client: RedisClient, deadlineMs: number): Promise<void> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancelTimeout = afterDeadline(deadlineMs, () =>
    reject(new RedisUnavailable(`not connected within ${deadlineMs} ms`)),
  );
  try {
    await Promise.race([client.connect(), timeout]);
    if (!client.isReady) throw new RedisUnavailable('the connection was closed while connecting');
  } catch (fault) {
    if (client.isOpen) client.destroy();
    throw fault;
  } finally {
    cancelTimeout();
  }
}
