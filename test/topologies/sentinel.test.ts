import { test as base } from 'vitest';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { MAIN_FLOWS } from './main-flows.ts';

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<RedisReplicas> => {
    const redis = await startRedisReplicas();
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('stack', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({ redis: { REDIS_SENTINELS: redis.addresses } });
    onCleanup(() => stack.close());
    return stack;
  });

test.for(Object.entries(MAIN_FLOWS))('behind Sentinels: %s', ([, flow], { stack }) => flow(stack));
