import type { AddressInfo, Server } from 'node:net';
import { createClient } from 'redis';
import type { PeerEnvironment } from '../contestants.ts';

/** The environment that the benchmark passes to every server. */
export const environment = process.env as unknown as PeerEnvironment;

export async function connectRedis() {
  const client = createClient({
    RESP: 2,
    socket: { path: environment.REDIS_URL.slice('unix://'.length), tls: false },
  });
  await client.connect();
  return client;
}

/** Reports this server's URL to the benchmark and exits when the benchmark does. */
export function announce(url: string): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ url });
}

export function announceServer(server: Server): void {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
