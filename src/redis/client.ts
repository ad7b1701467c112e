import { createClient } from 'redis';

export type RedisClient = ReturnType<typeof clientFor>;

/**
 * Redis could not be asked, or did not answer usably within the deadline. Never the client's fault: whoever
 * meets it answers 503 and lets nobody in.
 */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable';
  override readonly name = 'RedisUnavailable';
}

/**
 * A client of node-redis with its own reconnecting, offline queue and command timeout turned off.
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

/** Makes the client's connection. @throws when it isn't usable within the deadline, and leaves nothing open. */
export async function connectWithin(client: RedisClient, deadlineMs: number): Promise<void> {
  const { promise: missed, reject } = Promise.withResolvers<never>();
  const stop = afterDeadline(deadlineMs, () =>
    reject(new RedisUnavailable(`not connected within ${deadlineMs} ms`)),
  );
  try {
    await Promise.race([client.connect(), missed]);
    if (!client.isReady) throw new RedisUnavailable('the connection ended while it was made');
  } catch (fault) {
    if (client.isOpen) client.destroy();
    throw fault;
  } finally {
    stop();
  }
}

/**
 * Calls `missed` when the deadline has passed and what had arrived by then has been read: a process that was
 * kept from running has missed the clock, not the reply.
 * @returns what calls it off
 */
export function afterDeadline(deadlineMs: number, missed: () => void): () => void {
  let lastLook: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    lastLook = setImmediate(missed);
  }, deadlineMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(lastLook);
  };
}
