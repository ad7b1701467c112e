import { join } from 'node:path';

/** The settings of a compared server as environment variables, under the gateway's names where it has the setting. */
export interface PeerEnvironment {
  NODE_ENV: string;
  LOG_LEVEL: string;
  BANK_URL: string;
  REDIS_URL: string;
  GATEWAY_PORT: string;
  HEALTH_PORT: string;
  ISSUER: string;
  AUDIENCE: string;
  SIGNING_KEY: string;
  ACCESS_TOKEN_TTL_SECONDS: string;
  /** The public half of `SIGNING_KEY`, PEM (SPKI). */
  PUBLIC_KEY: string;
  REFRESH_KEY: string;
  PASSWORD_PEPPER: string;
  SESSION_SECRET: string;
  REQUESTS_PER_NETWORK_PER_SECOND: string;
  REQUESTS_PER_USER_PER_SECOND: string;
  TOKEN_CACHE?: string;
  SIGNATURE_MEMO_SIZE?: string;
}

export interface Contestant {
  name: string;
  file: string;
  env?: Partial<PeerEnvironment>;
  /** The credential that its clients send. */
  credential: 'token' | 'session-cookie';
}

const peer = (file: string): string => join(import.meta.dirname, 'peers', file);

export const GATEWAY_FILE = peer('gateway.ts');

export const GATEWAY = 'gateway';
export const GATEWAY_CACHED = 'gateway, signature cache';
export const FASTIFY = 'fastify + jwt + http-proxy';
export const FASTIFY_CACHED = 'fastify + jwt + http-proxy, token cache';
export const EXPRESS = 'express + session + proxy';

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'undici alone, no check', file: peer('undici.ts'), credential: 'token' },
  { name: GATEWAY, file: GATEWAY_FILE, credential: 'token' },
  { name: FASTIFY, file: peer('fastify.ts'), credential: 'token' },
  { name: EXPRESS, file: peer('express.ts'), credential: 'session-cookie' },
  {
    name: GATEWAY_CACHED,
    file: GATEWAY_FILE,
    env: { SIGNATURE_MEMO_SIZE: '10000' },
    credential: 'token',
  },
  { name: FASTIFY_CACHED, file: peer('fastify.ts'), env: { TOKEN_CACHE: 'on' }, credential: 'token' },
];

/** Targets: the CPU time per request of `ours` divided by that of `theirs` must be at most `max`. */
export const TARGETS: readonly { ours: string; theirs: string; max: number }[] = [
  { ours: GATEWAY, theirs: FASTIFY, max: 0.9 },
  { ours: GATEWAY_CACHED, theirs: FASTIFY_CACHED, max: 0.7 },
  { ours: GATEWAY, theirs: EXPRESS, max: 0.65 },
];
