import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { bearer, loginAs, postJson, problemOf } from './gateway.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** How long anybody may wait for an answer while Redis is in trouble. */
const ANSWER_WITHIN_MS = 1000;
const RECOVERY_WITHIN_MS = 3000;

/** A gateway with a Redis that can be hurt, whose data survives it, and somebody who is logged in. */
export interface HurtGateway {
  url: string;
  redis: TestRedis;
  bank: Upstream;
  /** Bob's, from before the trouble. */
  token: string;
  close(): Promise<void>;
}

export interface HurtGatewayOptions {
  /** What stands between the gateway and the Redis: from the Redis's address to the one for the gateway. */
  redisUrl?: (redis: TestRedis) => Promise<string>;
  env?: Record<string, string>;
}

const silent = createLog('gateway', 'silent');

/** The gateway with its default settings, but for how often an address may fail, over a private Redis that keeps its data. */
export async function startHurtGateway({
  redisUrl,
  env = {},
}: HurtGatewayOptions = {}): Promise<HurtGateway> {
  const redis = await startTestRedis({ persist: true, tcp: true });
  await seedUsers(redis.url);
  const bank = await startUpstream();
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  const gateway = await startGateway({
    settings: gatewaySettings({
      REDIS_URL: (await redisUrl?.(redis)) ?? redis.url,
      BANK_URL: bank.url,
      GATEWAY_PORT: '0',
      DATA_DIR: dataDir,
      LOGIN_FAILURES_PER_ADDRESS: '10000',
      ...env,
    }),
    log: silent,
  });
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
  return {
    url: gateway.url,
    redis,
    bank,
    token: await loginAs(gateway.url, 'bob'),
    close: async () => {
      await gateway.close();
      await bank.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function seedUsers(url: string): Promise<void> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  const link = new RedisLink({ url, deadlineMs: 900, log: silent });
  try {
    await link.whenReady(5000);
    await seedDemoUsers(link, hasher, new Date());
  } finally {
    link.close();
    await hasher.close();
  }
}

/** What people do: each route that needs Redis, with a good token or the right password. */
export const actions = ({
  url,
  token,
}: Pick<HurtGateway, 'url' | 'token'>): Record<string, () => Promise<Response>> => ({
  'GET /bank/accounts': () => fetch(`${url}/bank/accounts`, { headers: bearer(token) }),
  'POST /bank/accounts/1/transfers': () =>
    postJson(`${url}/bank/accounts/1/transfers`, { amountMinor: 1 }, bearer(token)),
  'GET /auth/session': () => fetch(`${url}/auth/session`, { headers: bearer(token) }),
  'POST /auth/logout': () => fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(token) }),
  'POST /auth/login': () => postJson(`${url}/auth/login`, { username: 'alice', password: 'wonderland1' }),
  'POST /auth/login, wrongly': () => postJson(`${url}/auth/login`, { username: 'sam', password: 'wrong' }),
  'GET /readyz': () => fetch(`${url}/readyz`),
});

/** Asserts that an answer says "not now" in time: neither in nor out. */
export async function expectNotNow(what: string, act: () => Promise<Response>): Promise<void> {
  const startMs = performance.now();
  const answer = await act();
  expect(await problemOf(answer), what).toEqual({ status: 503, code: 'service_unavailable' });
  expect(performance.now() - startMs, what).toBeLessThan(ANSWER_WITHIN_MS);
  expect(answer.headers.get('retry-after'), what).toBe('1');
  expect(answer.headers.get('www-authenticate'), what).toBeNull();
}

/** Asserts that each action, all at the same time, is told "not now", that the bank hears nothing, and that the process lives. */
export async function expectOutage(gateway: HurtGateway): Promise<void> {
  const before = gateway.bank.count;
  await Promise.all(Object.entries(actions(gateway)).map(([what, act]) => expectNotNow(what, act)));
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  expect(gateway.bank.count).toBe(before);
}

/** Asserts that soon everything goes on as before, with the same token and without a restart of the gateway. */
export async function expectRecovery({ url, token }: HurtGateway): Promise<void> {
  await until(async () => (await fetch(`${url}/readyz`)).ok, RECOVERY_WITHIN_MS);
  expect((await fetch(`${url}/bank/accounts`, { headers: bearer(token) })).status).toBe(200);
  expect((await fetch(`${url}/auth/session`, { headers: bearer(token) })).status).toBe(200);
  const fresh = await loginAs(url, 'root');
  expect((await fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(fresh) })).status).toBe(204);
  const after = await fetch(`${url}/bank/accounts`, { headers: bearer(fresh) });
  expect(await problemOf(after)).toEqual({ status: 401, code: 'token_revoked' });
}
