import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { bearer, loginAs, postJson, problemOf } from './gateway.ts';
import { LIMITS_OFF } from './limits-off.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** How long any response may take while Redis is unavailable: a second, and as much again on a busy machine. */
const RESPONSE_WITHIN_MS = 2000;
const RECOVERY_WITHIN_MS = 3000;

/** A gateway with a Redis that can fail and keeps its data, and a logged-in user. */
export interface FailingRedisGateway {
  url: string;
  redis: TestRedis;
  upstream: Upstream;
  /** Bob's, from before the outage. */
  token: string;
  /** Of another session of bob's. Its logout may be carried out although it got a 503. */
  spareToken: string;
  close(): Promise<void>;
}

export interface FailingRedisGatewayOptions {
  /** Starts what stands between the gateway and Redis, and returns its URL. */
  redisUrl?: (redis: TestRedis) => Promise<string>;
  env?: Record<string, string>;
}

const silent = createLog('gateway', 'silent');

/** Starts the gateway with its default settings, except the limit of login failures per address. */
export async function startFailingRedisGateway({
  redisUrl,
  env = {},
}: FailingRedisGatewayOptions = {}): Promise<FailingRedisGateway> {
  const redis = await startTestRedis({ persist: true, tcp: true });
  await seedUsers(redis.url);
  const upstream = await startUpstream();
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  const gateway = await startGateway({
    settings: gatewaySettings({
      REDIS_URL: (await redisUrl?.(redis)) ?? redis.url,
      BANK_URL: upstream.url,
      ...LIMITS_OFF,
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
    upstream,
    token: await loginAs(gateway.url, 'bob'),
    spareToken: await loginAs(gateway.url, 'bob'),
    close: async () => {
      await gateway.close();
      await upstream.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A `test` with such a gateway (`gateway`), for the whole file. */
export const failingRedisTest = () =>
  base.extend('gateway', { scope: 'file' }, async ({}, { onCleanup }): Promise<FailingRedisGateway> => {
    const gateway = await startFailingRedisGateway();
    onCleanup(() => gateway.close());
    return gateway;
  });

async function seedUsers(url: string): Promise<void> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  const link = new RedisLink({ url, deadlineMs: 900, log: silent });
  try {
    await link.whenReady(30_000);
    await seedDemoUsers(link, hasher, new Date());
  } finally {
    link.close();
    await hasher.close();
  }
}

/** A request to each kind of route that needs Redis. */
export const actions = ({
  url,
  token,
  spareToken,
}: Pick<FailingRedisGateway, 'url' | 'token' | 'spareToken'>): Record<string, () => Promise<Response>> => ({
  'GET /bank/accounts': () => fetch(`${url}/bank/accounts`, { headers: bearer(token) }),
  'POST /bank/accounts/1/transfers': () =>
    postJson(`${url}/bank/accounts/1/transfers`, { amountMinor: 1 }, bearer(token)),
  'GET /auth/session': () => fetch(`${url}/auth/session`, { headers: bearer(token) }),
  'POST /auth/logout': () => fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(spareToken) }),
  'POST /auth/login': () => postJson(`${url}/auth/login`, { username: 'alice', password: 'wonderland1' }),
  'POST /auth/login, wrong password': () =>
    postJson(`${url}/auth/login`, { username: 'sam', password: 'wrong' }),
  'GET /readyz': () => fetch(`${url}/readyz`),
});

/** Asserts that a response is a 503 in time: neither a grant nor a request to log in again. */
export async function expectUnavailable(what: string, act: () => Promise<Response>): Promise<void> {
  const startMs = performance.now();
  const response = await act();
  expect(await problemOf(response), what).toEqual({ status: 503, code: 'service_unavailable' });
  expect(performance.now() - startMs, what).toBeLessThan(RESPONSE_WITHIN_MS);
  expect(response.headers.get('retry-after'), what).toBe('1');
  expect(response.headers.get('www-authenticate'), what).toBeNull();
}

/** Asserts that each action, all at the same time, gets a 503, that the upstream receives nothing, and that the process is up. */
export async function expectOutage(gateway: FailingRedisGateway): Promise<void> {
  const before = gateway.upstream.count;
  await Promise.all(Object.entries(actions(gateway)).map(([what, act]) => expectUnavailable(what, act)));
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  expect(gateway.upstream.count).toBe(before);
}

/** Asserts that service resumes soon, with the same token and without a restart of the gateway. */
export async function expectRecovery({ url, token }: FailingRedisGateway): Promise<void> {
  await until(async () => (await fetch(`${url}/readyz`)).ok, RECOVERY_WITHIN_MS);
  expect((await fetch(`${url}/bank/accounts`, { headers: bearer(token) })).status).toBe(200);
  expect((await fetch(`${url}/auth/session`, { headers: bearer(token) })).status).toBe(200);
  const fresh = await loginAs(url, 'root');
  expect((await fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(fresh) })).status).toBe(204);
  const after = await fetch(`${url}/bank/accounts`, { headers: bearer(fresh) });
  expect(await problemOf(after)).toEqual({ status: 401, code: 'token_revoked' });
}
