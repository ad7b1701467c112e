import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { test as base, expect } from 'vitest';
import type { UpstreamConnection } from '../../../src/gateway/proxy/upstream-connection.ts';
import { UpstreamConnections } from '../../../src/gateway/proxy/upstream-connections.ts';
import { until } from '../../support/until.ts';

const test = base
  /** An upstream that answers each request, and its connections. */
  .extend('upstream', async ({}, { onCleanup }) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onCleanup(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { sockets, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  })
  .extend('pool', async ({ upstream }, { onCleanup }) => {
    const pool = new UpstreamConnections({
      ...{ origin: upstream.origin, connectionsMax: 2, queueMax: 2, full: 'bank_busy' },
      ...{ connectTimeoutMs: 30_000, firstByteTimeoutMs: 30_000, idleTimeoutMs: 30_000 },
    });
    onCleanup(() => pool.close());
    return pool;
  })
  /** Opens two connections, of which the second is not needed when it is open: another one is returned before. */
  .extend('keepOne', ({ pool }) => async (): Promise<void> => {
    const first = await opened(pool);
    const waiting = opened(pool);
    pool.release(first, true);
    expect(await waiting).toBe(first);
    await until(() => pool.usage.idle === 1);
    expect(pool.usage).toEqual({ open: 2, idle: 1, waiting: 0 });
  });

async function opened(pool: UpstreamConnections): Promise<UpstreamConnection> {
  const connection = await pool.wait(new ServerResponse(new IncomingMessage(new Socket())));
  if (connection === undefined || 'reason' in connection) throw new Error('no connection');
  return connection;
}

/** Sends a GET request, and resolves to the status of the response. */
function statusOf(connection: UpstreamConnection): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  connection.send(
    { method: 'GET', path: '/' },
    {
      onRequestStart: () => {},
      onResponseStart: (_controller, status) => resolve(status),
      onResponseData: () => {},
      onResponseEnd: () => {},
      onResponseError: (_controller, fault) => reject(fault),
    },
  );
  return promise;
}

test('a connection that is not needed any more when it is open serves a later request', async ({
  keepOne,
  pool,
  upstream,
}) => {
  await keepOne();
  const kept = pool.take();
  if (kept === undefined) throw new Error('no connection is kept');
  expect(await statusOf(kept)).toBe(200);
  expect(upstream.sockets).toHaveLength(2);
});

test.for<[string, (socket: Socket) => void]>([
  ['closes', (socket) => socket.end()],
  ['resets', (socket) => socket.resetAndDestroy()],
  ['sends something on', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake')],
])(
  'a kept connection that the upstream %s before its first request is not used',
  async ([, act], { keepOne, pool, upstream }) => {
    await keepOne();
    await until(() => upstream.sockets.length === 2);
    for (const socket of upstream.sockets.slice(1)) act(socket);
    await until(() => pool.usage.open === 1);
    expect(pool.take()).toBeUndefined();
  },
);

test('a request on a kept connection that the upstream has closed meanwhile is known to be lost without a byte', async ({
  keepOne,
  pool,
  upstream,
}) => {
  await keepOne();
  await until(() => upstream.sockets.length === 2);
  const kept = pool.take();
  if (kept === undefined) throw new Error('no connection is kept');
  const response = statusOf(kept);
  upstream.sockets[1]?.resetAndDestroy();
  await expect(response).rejects.toThrow();
  expect(kept.isLostWithoutByte).toBe(true);
});
