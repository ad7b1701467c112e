import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedDemoAccounts } from '../../src/bank/demo/accounts.ts';
import { startBank } from '../../src/bank/server.ts';
import { bankSettings, gatewaySettings } from '../../src/config/load.ts';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';
import { openStore } from '../../src/redis/open.ts';
import type { RedisStore } from '../../src/redis/store.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import type { User } from '../../src/users/users.ts';
import { LIMITS_OFF } from './limits-off.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

/** Two gateways in front of the bank, all with the same Redis topology, as behind a load balancer. */
export interface TopologyStack {
  /** The URLs of the gateways. */
  urls: readonly [string, string];
  /** The test's own connection, as a gateway has it. */
  store: RedisStore;
  users: readonly User[];
  /** Account ids of the demo customers. */
  accounts: { bob: string; alice: string };
  /** The environment of the first gateway, for commands. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

export interface TopologyStackOptions {
  /** Where Redis is: for both gateways, the bank and the test's own connection. */
  redis: Record<string, string>;
  /** What differs for the first gateway, if it reaches Redis by another way. */
  redisOfFirst?: Record<string, string>;
  gateway?: Record<string, string>;
  /** Where Redis is for the bank, if it reaches it by another way. */
  redisOfBank?: Record<string, string>;
  /** Where Redis is for the test's own connection, likewise. */
  redisOfSeed?: Record<string, string>;
}

const silent = createLog('gateway', 'silent');

/** Starts the stack and adds the demo users and accounts. */
export async function startTopologyStack({
  redis,
  redisOfFirst = {},
  redisOfBank = redis,
  redisOfSeed = redis,
  gateway = {},
}: TopologyStackOptions): Promise<TopologyStack> {
  await using started = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  started.defer(() => rm(dataDir, { recursive: true, force: true }));
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const ISSUER = `http://127.0.0.1:${ports[0]}`;
  const environment = {
    ...LIMITS_OFF,
    DATA_DIR: dataDir,
    SIGNING_KEY: await makeKeyPem(),
    ISSUER,
    HEALTH_PORT: '0',
    BANK_URL: `http://127.0.0.1:${ports[2]}`,
    SESSIONS_PER_USER_MAX: '1000',
    ...gateway,
    ...redis,
  };
  const seed = gatewaySettings({ ...environment, ...redisOfSeed });
  const store = started.adopt(openStore(seed, { log: silent }), (open) => open.close());
  await store.whenReady(30_000);
  const users = await seedUsers(store);
  const accounts = await seedAccounts(store, users);
  const bank = {
    BANK_PORT: `${ports[2]}`,
    ISSUER,
    BANK_TRANSACTION_INTERVAL_MS: '0',
    SHUTDOWN_SETTLE_MS: '0',
    ...redisOfBank,
  };
  started.use(closing(await startBank({ settings: bankSettings(bank), log: silent })));
  const places = [redisOfFirst, {}];
  for (const [n, place] of places.entries()) {
    const own = gatewaySettings({ ...environment, ...place, GATEWAY_PORT: `${ports[n]}` });
    started.use(closing(await startGateway({ settings: own, log: silent })));
  }
  const urls = [`http://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}`] as const;
  for (const url of urls) await until(async () => (await fetch(`${url}/readyz`)).ok);
  const running = started.move();
  return { urls, store, users, accounts, environment, close: () => running.disposeAsync() };
}

const closing = (server: { close(): Promise<void> }): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => server.close(),
});

async function seedUsers(store: RedisStore): Promise<User[]> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    return await seedDemoUsers(store, hasher, new Date());
  } finally {
    await hasher.close();
  }
}

async function seedAccounts(store: RedisStore, users: readonly User[]) {
  const owners = ['bob', 'alice'].flatMap((name) => users.filter(({ username }) => username === name));
  const demo = owners.map(({ id, displayName }) => ({ ownerId: id, name: displayName }));
  const [bob, alice] = await seedDemoAccounts(store, demo, { currency: 'EUR', nowMs: Date.now() });
  return { bob: bob?.id ?? '', alice: alice?.id ?? '' };
}
