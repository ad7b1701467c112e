import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRedis } from '../../src/dev/redis/local-server.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';
import { type Accounts, addAccounts } from './accounts.ts';
import { type GatewayProcess, startChild, startGateway } from './processes.ts';

export interface World {
  gateway: GatewayProcess;
  accounts: Accounts;
}

export interface WorldOptions {
  connections: number;
  gatewayCores: string;
  loadCores: string;
  gatewayEnv: Readonly<Record<string, string>>;
}

/** Starts Redis, an upstream and a gateway in production, and adds users and sessions. */
export async function startWorld(options: WorldOptions, started: AsyncDisposableStack): Promise<World> {
  const { connections, gatewayCores, loadCores, gatewayEnv } = options;
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`the benchmark found no Redis: ${binary.detail}`);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-calm-'));
  started.defer(() => rm(directory, { recursive: true, force: true }));
  const redis = await startLocalRedis({ binary, directory, persist: false });
  started.defer(() => redis.stop());
  spawnSync('taskset', ['-acp', loadCores, `${redis.pid}`]);
  const upstream = startChild('upstream-process.ts', loadCores);
  started.defer(() => upstream.stop());
  const { url: bankUrl } = await upstream.receive<{ url: string }>();
  const env = await productionEnv(redis.url, bankUrl);
  const accounts = await addAccounts(env, connections);
  const logFile = join(directory, 'gateway.log');
  const gateway = await startGateway({ ...env, ...gatewayEnv }, gatewayCores, logFile);
  started.defer(() => gateway.stop());
  return { gateway, accounts };
}

/** What a gateway needs in production. All other settings have their defaults. */
const productionEnv = async (redisUrl: string, bankUrl: string): Promise<Record<string, string>> => ({
  NODE_ENV: 'production',
  REDIS_URL: redisUrl,
  BANK_URL: bankUrl,
  GATEWAY_PORT: '0',
  HEALTH_PORT: '0',
  ISSUER: 'https://bank.example',
  SIGNING_KEY: await makeKeyPem(),
  REFRESH_KEY: randomBytes(32).toString('base64url'),
  PASSWORD_PEPPER: randomBytes(32).toString('base64url'),
});
