import { createSentinel } from 'redis';
import { test as base, expect } from 'vitest';
import { bearer, problemOf } from '../support/gateway.ts';
import { CLIENTS } from '../support/network.ts';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.ts';
import { logIn } from '../support/sessions.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { until } from '../support/until.ts';
import { MAIN_FLOWS } from './main-flows.ts';

/** Only what docs/operations.md asks for. */
const SENTINEL_USER =
  'user portcullis on >sentinel-password resetchannels &+switch-master -@all +hello +auth +ping +subscribe +sentinel|myid +sentinel|master +sentinel|get-master-addr-by-name';
const DATA_USER = 'user gate on >data-password ~* &* +@all -@admin -@dangerous +info';

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<RedisReplicas> => {
    const configuration = [DATA_USER];
    const redis = await startRedisReplicas({ configuration, sentinelConfiguration: [SENTINEL_USER] });
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('stack', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({
      redis: {
        REDIS_URL: 'redis://gate:data-password@unused',
        REDIS_SENTINELS: redis.addresses,
        REDIS_SENTINEL_USERNAME: 'portcullis',
        REDIS_SENTINEL_PASSWORD: 'sentinel-password',
      },
    });
    onCleanup(() => stack.close());
    return stack;
  });

test.for(Object.entries(MAIN_FLOWS))('behind Sentinels: %s', ([, flow], { stack }) => flow(stack));

test("without Sentinels, the gateways respond with 503, while node-redis's own client reads on", async ({
  redis,
  stack,
}) => {
  const sentinelRootNodes = redis.sentinels.map(({ relay: { port } }) => ({ host: '127.0.0.1', port }));
  const login = { username: 'gate', password: 'data-password' };
  const client = createSentinel({ name: 'mymaster', sentinelRootNodes, nodeClientOptions: login });
  client.on('error', () => {});
  await client.connect();
  const { access_token: token } = await logIn(stack.urls[0]);
  await Promise.all(redis.sentinels.map(({ relay }) => relay.cut(CLIENTS)));
  for (const url of stack.urls) await until(async () => (await fetch(`${url}/readyz`)).status === 503);
  const response = await fetch(`${stack.urls[0]}/auth/session`, { headers: bearer(token) });
  expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
  expect(await client.exists('usernames')).toBe(1);
  await Promise.all(redis.sentinels.map(({ relay }) => relay.heal(CLIENTS)));
  for (const url of stack.urls) await until(async () => (await fetch(`${url}/readyz`)).ok);
  await client.destroy();
});
