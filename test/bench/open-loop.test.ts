import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { measureOpenLoop } from '../../bench/load/open-loop.ts';
import type { PlannedRequest } from '../../bench/load/requests.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const request: PlannedRequest = {
  bytes: Buffer.from('GET / HTTP/1.1\r\nhost: bank.example\r\n\r\n'),
  status: 200,
  body: Buffer.from('ok'),
};

/** A server that answers each request, numbered from 1, with `respond`. */
async function startServer(respond: (n: number, socket: Socket) => Promise<void> | void) {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      requests += 1;
      void respond(requests, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, pids: [], [Symbol.asyncDispose]: close };
}

const plan = { requests: () => request, requestsPerSecond: 100, warmUpMs: 0, windowMs: 1000 };

describe('a constant rate', () => {
  test('counts the wait of requests that were due while the server did not respond', async () => {
    const STALL_MS = 700;
    await using server = await startServer(async (n, socket) => {
      if (n === 10) await delay(STALL_MS);
      socket.write(RESPONSE);
    });
    const measured = await measureOpenLoop(server, { ...plan, connections: 1 });
    // Only one request was sent during the stall, but most were due, so the median has to show it.
    expect(measured.p50Ms).toBeGreaterThan(100);
    expect(measured.p99Ms).toBeGreaterThan(STALL_MS * 0.8);
  });

  test('counts requests without a response as incomplete, with the time that they have waited', async () => {
    await using server = await startServer((n, socket) => {
      if (n <= 10) socket.write(RESPONSE);
    });
    const measured = await measureOpenLoop(server, { ...plan, connections: 1 });
    expect(measured.completedShare).toBeLessThan(0.5);
    expect(measured.p50Ms).toBeGreaterThan(1000);
  });

  test('is not measured if a response is not the expected one', async () => {
    await using server = await startServer((_, socket) => {
      socket.write('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
    });
    const measured = measureOpenLoop(server, { ...plan, connections: 1 });
    await expect(measured).rejects.toThrow('expected a response with 200, but got:\nHTTP/1.1 401');
  });
});
