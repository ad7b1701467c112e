import { createClient } from 'redis';

export { announce, announceServer } from '../processes/announce.ts';

/** The environment that the benchmark passes to every Node.js peer. */
export const environment = process.env as unknown as {
  BANK_URL: string;
  REDIS_URL: string;
  ISSUER: string;
  AUDIENCE: string;
  /** PEM (SPKI). */
  PUBLIC_KEY: string;
  SESSION_SECRET: string;
  TOKEN_CACHE?: string;
};

export async function connectRedis() {
  const client = createClient({
    RESP: 2,
    socket: { path: environment.REDIS_URL.slice('unix://'.length), tls: false },
  });
  await client.connect();
  return client;
}
