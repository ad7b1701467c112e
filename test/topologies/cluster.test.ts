import { test as base } from 'vitest';
import { startTestCluster, type TestCluster } from '../support/redis-cluster.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { MAIN_FLOWS } from './main-flows.ts';

const test = base
  .extend('cluster', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestCluster> => {
    const cluster = await startTestCluster();
    onCleanup(() => cluster.stop());
    return cluster;
  })
  .extend('stack', { scope: 'file' }, async ({ cluster }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({ redis: { REDIS_CLUSTER_NODES: cluster.seeds } });
    onCleanup(() => stack.close());
    return stack;
  });

test.for(Object.entries(MAIN_FLOWS))('Redis Cluster: %s', ([, flow], { stack }) => flow(stack));
