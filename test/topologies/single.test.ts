import { test as base } from 'vitest';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { MAIN_FLOWS } from './main-flows.ts';

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis();
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('stack', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({ redis: { REDIS_URL: redis.url } });
    onCleanup(() => stack.close());
    return stack;
  });

test.for(Object.entries(MAIN_FLOWS))('one server: %s', ([, flow], { stack }) => flow(stack));
