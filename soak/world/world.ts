import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gatewaySettings } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { openStore } from '../../src/redis/open.ts';
import type { RedisStore } from '../../src/redis/store.ts';
import { LIMITS_OFF } from '../../test/support/limits-off.ts';
import { freePort } from '../../test/support/ports.ts';
import { addPeople, type People } from './people.ts';
import { Server } from './server.ts';
import type { Fault, Topology } from './topology.ts';

/** Short lifetimes, so that tokens and sessions also end by themselves, many times in a run. */
const TOKEN_TTL_SECONDS = 60;
export const SESSION_LIMITS = { idleMs: 180_000, absoluteMs: 600_000 } as const;

/** Limits that many users share a machine and one address with; they are not what the soak is about. */
const SOAK_SETTINGS = {
  ...LIMITS_OFF,
  LOG_LEVEL: 'warn',
  WEB_APP: 'off',
  HEALTH_PORT: '0',
  ACCESS_TOKEN_TTL_SECONDS: String(TOKEN_TTL_SECONDS),
  SESSION_IDLE_SECONDS: String(SESSION_LIMITS.idleMs / 1000),
  SESSION_ABSOLUTE_SECONDS: String(SESSION_LIMITS.absoluteMs / 1000),
  SESSIONS_PER_USER_MAX: '1000',
  KEY_PUBLISH_LEAD_SECONDS: '1',
  LOGIN_FAILURES_PER_USERNAME: '1000',
  LOGIN_FAILURES_PER_ADDRESS: '100000',
  AUDIT_RECORDS_MAX: '10000000',
  AUDIT_CUSTOMER_RECORDS_MAX: '10000000',
  AUDIT_RECORDS_PER_ACTOR_PER_MINUTE: '100000',
  BANK_STREAMS_PER_USER_MAX: '64',
  IDLE_TIMEOUT_MS: '8000',
} as const;

const BANK_SETTINGS = {
  LOG_LEVEL: 'warn',
  BANK_TRANSACTION_INTERVAL_MS: '0',
  BANK_TRANSACTIONS_KEPT: '10000000',
  BANK_TRANSFERS_PER_ACCOUNT_DAY_MAX: '10000000',
  BANK_BODY_MAX_BYTES: '262144',
  BANK_STREAM_HEARTBEAT_MS: '200',
} as const;

/** Everything that the soak runs against: real processes, and a connection to Redis to inspect it. */
export interface World {
  topology: Topology;
  /** The first gateway is never killed, so that its memory can be compared. */
  gateways: [Server, Server];
  bank: Server;
  people: People;
  redis: RedisStore;
  /** The environment of the commands of the command line. */
  env: NodeJS.ProcessEnv;
  faults: readonly Fault[];
  /** The logs of the gateways. */
  logFiles: readonly string[];
  stop(): Promise<void>;
}

interface WorldOptions {
  /** The entry point of the gateways. */
  main: string;
  customers: number;
  /** A directory for logs that is kept. */
  logs: string | undefined;
}

/** Starts two gateways in front of the bank. */
export async function startWorld(
  topology: Topology,
  { main, customers, logs }: WorldOptions,
): Promise<World> {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-soak-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const [port, otherPort, bankPort] = [await freePort(), await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const bankUrl = `http://127.0.0.1:${bankPort}`;
  const logFileOf = (name: string): string => join(logs ?? directory, `${name}.log`);
  const envOf = (name: string): NodeJS.ProcessEnv => ({ ...topology.settingsFor(name), ISSUER: issuer });
  const gatewayEnv = { ...SOAK_SETTINGS, DATA_DIR: dataDir, BANK_URL: bankUrl };
  const server = (name: string, url: string, env: NodeJS.ProcessEnv): Server => {
    const command = name === 'bank' ? ['src/main.ts', 'bank'] : [main, 'gateway'];
    const logFile = logFileOf(name);
    return new Server({ name, url, command, env: { ...envOf(name), ...env }, logFile });
  };
  const gateway = (n: number, at: number): Server =>
    server(`gateway-${n}`, `http://127.0.0.1:${at}`, { ...gatewayEnv, GATEWAY_PORT: `${at}` });
  const gateways: [Server, Server] = [gateway(0, port), gateway(1, otherPort)];
  const bank = server('bank', bankUrl, { ...BANK_SETTINGS, BANK_PORT: `${bankPort}` });
  const redis = openStore(gatewaySettings({ ...envOf('runner'), REDIS_DEADLINE_MS: '900' }), {
    log: createLog('cli', 'silent'),
  });
  resources.defer(() => redis.close());
  await redis.whenReady(10_000);
  const people = await addPeople(redis, { customers, dataDir });
  for (const started of [...gateways, bank]) {
    resources.defer(() => started.stop('SIGKILL'));
    await started.start();
  }
  const owned = resources.move();
  return {
    topology,
    gateways,
    bank,
    people,
    redis,
    env: { PATH: process.env.PATH, ...envOf('runner'), ...gatewayEnv },
    logFiles: ['gateway-0', 'gateway-1'].map(logFileOf),
    faults: [...topology.faults, killOf(gateways[1]), killOf(bank)],
    stop: () => owned.disposeAsync(),
  };
}

const killOf = (server: Server): Fault => ({
  name: `${server.name}-kill`,
  strike: async (lengthMs) => {
    await server.stop('SIGKILL');
    await delay(lengthMs);
    await server.start();
  },
});
