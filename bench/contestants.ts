import { join } from 'node:path';

/** The settings of one compared server, as environment variables; the gateway's own names where it has one. */
export interface PeerEnvironment {
  NODE_ENV: string;
  LOG_LEVEL: string;
  BANK_URL: string;
  REDIS_URL: string;
  GATEWAY_PORT: string;
  ISSUER: string;
  AUDIENCE: string;
  SIGNING_KEY: string;
  ACCESS_TOKEN_TTL_SECONDS: string;
  /** The public half of `SIGNING_KEY`, PEM (SPKI). */
  PUBLIC_KEY: string;
  REFRESH_KEY: string;
  SESSION_SECRET: string;
  TOKEN_CACHE?: string;
  SIGNATURE_MEMO_SIZE?: string;
}

export interface Contestant {
  name: string;
  file: string;
  env?: Partial<PeerEnvironment>;
  /** What a client of it sends to be let in. */
  credential: 'token' | 'session-cookie';
}

const peer = (file: string): string => join(import.meta.dirname, 'peers', file);

export const GATEWAY_FILE = peer('gateway.ts');

export const GATEWAY = 'gateway';
export const GATEWAY_WITH_MEMO = 'gateway, signature memo';
export const FASTIFY = 'fastify + jwt + http-proxy';
export const FASTIFY_CACHED = 'fastify + jwt + http-proxy, token cache';
export const EXPRESS = 'express + session + proxy';

export const CONTESTANTS: readonly Contestant[] = [
  { name: 'undici alone, no check', file: peer('undici.ts'), credential: 'token' },
  { name: GATEWAY, file: GATEWAY_FILE, credential: 'token' },
  { name: FASTIFY, file: peer('fastify.ts'), credential: 'token' },
  { name: EXPRESS, file: peer('express.ts'), credential: 'session-cookie' },
  {
    name: GATEWAY_WITH_MEMO,
    file: GATEWAY_FILE,
    env: { SIGNATURE_MEMO_SIZE: '10000' },
    credential: 'token',
  },
  { name: FASTIFY_CACHED, file: peer('fastify.ts'), env: { TOKEN_CACHE: 'on' }, credential: 'token' },
];

/** What is to be reached: the CPU time of a request of `ours`, as a share of the one of `theirs`, at most `most`. */
export const TARGETS: readonly { ours: string; theirs: string; most: number }[] = [
  { ours: GATEWAY, theirs: FASTIFY, most: 0.9 },
  { ours: GATEWAY_WITH_MEMO, theirs: FASTIFY_CACHED, most: 0.7 },
  { ours: GATEWAY, theirs: EXPRESS, most: 0.65 },
];
