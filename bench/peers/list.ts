import { join } from 'node:path';
import type { Contestant, SharedSetup } from '../contestant.ts';
import { startNode } from '../processes/node-process.ts';

/** All peers and limits, in the order of the tables. */
export const PEERS: readonly Contestant[] = [
  nodePeer('undici', 'undici alone, no check', 'undici.ts', { kind: 'limit', credential: 'none' }),
  nodePeer('fastify', 'fastify + jwt + http-proxy', 'fastify.ts'),
  nodePeer(
    'fastify-cached',
    'fastify + jwt + http-proxy, token cache',
    'fastify.ts',
    {},
    { TOKEN_CACHE: 'on' },
  ),
  nodePeer('express', 'express + session + proxy', 'express.ts', { credential: 'session-cookie' }),
];

function nodePeer(
  id: string,
  name: string,
  file: string,
  traits: Partial<Pick<Contestant, 'kind' | 'credential'>> = {},
  env: Readonly<Record<string, string>> = {},
): Contestant {
  const start: Contestant['start'] = (shared, core) =>
    startNode(core, join(import.meta.dirname, file), { env: { ...environmentOf(shared), ...env } });
  return { id, name, kind: 'peer', credential: 'token', description: name, start, ...traits };
}

const environmentOf = (shared: SharedSetup): Record<string, string> => ({
  NODE_ENV: 'production',
  BANK_URL: shared.upstreamUrl,
  REDIS_URL: shared.redis.url,
  ISSUER: shared.issuer,
  AUDIENCE: shared.audience,
  PUBLIC_KEY: shared.publicKeyPem,
  SESSION_SECRET: shared.sessionSecret,
});
