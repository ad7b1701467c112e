import { createPublicKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRedis } from '../../src/dev/redis/local-server.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { BANK_RULES } from '../../src/gateway/pipeline/policy.ts';
import { Refusal } from '../../src/refusal.ts';
import type { SharedSetup } from '../contestant.ts';
import { pinToCore } from '../processes/affinity.ts';
import { startNode } from '../processes/node-process.ts';
import { IDLE_SECONDS } from '../sessions/redis-content.ts';
import type { Tokens } from '../sessions/token-cache.ts';
import { LOAD_CORE } from './cores.ts';

export interface Setup extends SharedSetup {
  /** The process id of Redis. */
  readonly redisPid: number;
}

const UPSTREAM_FILE = join(import.meta.dirname, '../load/upstream.ts');

/** The rules of the demo bank, and one for small messages without further limits or records. */
const RULES = [...BANK_RULES, { methods: ['POST'], path: '/messages', scope: 'transfers:write' }];

/** Starts what all contestants share: one Redis and one upstream, on the core of the load. */
export async function setUp(
  { keyPem, batch }: Pick<Tokens, 'keyPem' | 'batch'>,
  resources: AsyncDisposableStack,
): Promise<Setup> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const redis = await startRedis(join(directory, 'redis'));
  resources.defer(() => redis.stop());
  pinToCore(redis.pid, LOAD_CORE);
  const upstream = await startNode(LOAD_CORE, UPSTREAM_FILE);
  resources.defer(() => upstream.stop());
  const policyFile = join(directory, 'policy.json');
  await writeFile(policyFile, JSON.stringify(RULES));
  return {
    directory,
    redis: { url: redis.url, socketPath: redis.url.slice('unix://'.length) },
    redisPid: redis.pid,
    upstreamUrl: upstream.url,
    issuer: batch.issuer,
    audience: batch.audience,
    signingKeyPem: keyPem,
    publicKeyPem: createPublicKey(keyPem).export({ type: 'spki', format: 'pem' }).toString(),
    kid: batch.kid,
    sessionSecret: randomBytes(32).toString('base64url'),
    gatewayEnvironment: {
      ...gatewayEnvironment(redis.url, upstream.url, { keyPem, batch }),
      POLICY_FILE: policyFile,
    },
  };
}

async function startRedis(directory: string) {
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`the benchmark found no Redis: ${binary.detail}`);
  return startLocalRedis({ binary, directory, persist: false });
}

/** Production settings, without limits on the only network and on users, of which a benchmark has few. */
const gatewayEnvironment = (
  redisUrl: string,
  upstreamUrl: string,
  { keyPem, batch }: Pick<Tokens, 'keyPem' | 'batch'>,
): Record<string, string> => ({
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  BANK_URL: upstreamUrl,
  REDIS_URL: redisUrl,
  GATEWAY_PORT: '0',
  HEALTH_PORT: '0',
  ISSUER: batch.issuer,
  AUDIENCE: batch.audience,
  SIGNING_KEY: keyPem,
  REFRESH_KEY: randomBytes(32).toString('base64url'),
  PASSWORD_PEPPER: randomBytes(32).toString('base64url'),
  SESSION_IDLE_SECONDS: `${IDLE_SECONDS}`,
  SESSION_ABSOLUTE_SECONDS: `${IDLE_SECONDS}`,
  REQUESTS_PER_NETWORK_PER_SECOND: '0',
  REQUESTS_PER_USER_PER_SECOND: '0',
});
