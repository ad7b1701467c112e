import { join } from 'node:path';
import type { Contestant } from '../contestant.ts';
import { startNode } from '../processes/node-process.ts';
import { environmentOf } from './environment.ts';
import { goPeer } from './go/server.ts';
import { haproxyLimit } from './haproxy/server.ts';
import { type PackageSource, packageSource } from './native/packages.ts';
import { nginxPeer } from './nginx/server.ts';

/** All peers and limits, in the order of the tables. */
export const createPeers = (source: PackageSource): readonly Contestant[] => [
  haproxyLimit(source),
  nodePeer('undici', 'undici alone, no check', 'undici.ts', { kind: 'limit', credential: 'none' }),
  nginxPeer(source),
  goPeer(source),
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

/** Those of the benchmark. Debian's packages come from where `BENCH_PACKAGES` allows. */
export const PEERS: readonly Contestant[] = createPeers(packageSource(process.env));

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
