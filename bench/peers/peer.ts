import type { AddressInfo, Server } from 'node:net';
import { createClient } from 'redis';
import type { PeerEnvironment } from '../contestants.ts';

/** What the bench tells every server that it compares. */
export const given = process.env as unknown as PeerEnvironment;

export async function connectRedis() {
  const client = createClient({
    RESP: 2,
    socket: { path: given.REDIS_URL.slice('unix://'.length), tls: false },
  });
  await client.connect();
  return client;
}

/** Tells the bench where this server listens, and ends with the bench, however that ends. */
export function announce(url: string): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ url });
}

export function announceServer(server: Server): void {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
