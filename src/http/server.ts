import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { type BankEnv, BankRefusal, problemResponse } from '../bank/problem.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the gateway keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const SWEEP_MS = 20;

export interface ListeningServer {
  url: string;
  port: number;
  /** Takes no new connections, lets requests finish for at most `graceMs`, then ends what is left. */
  drain(graceMs: number): Promise<void>;
}

/** Serves `app` over HTTP. @throws when the address can't be listened on. */
export async function listen(app: Hono<BankEnv>, host: string, port: number): Promise<ListeningServer> {
  const listener = getRequestListener(app.fetch, {
    errorHandler: () => problemResponse(new BankRefusal('request_malformed')),
  });
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  return { url, port: bound, drain: (graceMs) => drain(server, graceMs) };
}

async function drain(server: Server, graceMs: number): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const grace = new AbortController();
  const overdue = delay(graceMs, undefined, { signal: grace.signal }).then(
    () => server.closeAllConnections(),
    () => undefined,
  );
  await closed;
  grace.abort();
  clearInterval(sweep);
  await overdue;
}
