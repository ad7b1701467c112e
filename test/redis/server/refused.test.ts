import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { serverBinary } from '../../../src/dev/redis/start.ts';
import { RedisUnavailable } from '../../../src/redis/client.ts';
import { Refusal } from '../../../src/refusal.ts';
import { freePort } from '../../support/ports.ts';
import { startClusterNode } from '../../support/redis-cluster-node.ts';
import { startRedisReplicas } from '../../support/redis-replicas.ts';
import { until } from '../../support/until.ts';
import { type Watched, watchedTest } from './watched.ts';

/** Asserts that no command can be run, and why. */
async function expectRefused(watched: Watched, code: string, message: string): Promise<void> {
  await until(() => watched.codes().includes(code));
  expect(watched.monitor.faults).toEqual([
    { code, effect: 'refused', message: expect.stringContaining(message) },
  ]);
  expect(watched.store.ready).toBe(false);
  await expect(watched.store.runFor('key', (client) => client.get('key'))).rejects.toThrow(RedisUnavailable);
  expect(watched.lines).toContainEqual(expect.objectContaining({ level: 50, event: code }));
  await expect(watched.store.whenReady(50)).rejects.toThrow(message);
}

/** A server that says in its reply to `HELLO` that it has another version. */
const test = watchedTest.extend(
  'serverOf',
  ({}, { onCleanup }) =>
    async (version: string): Promise<string> => {
      const hello = `*8\r\n+server\r\n+redis\r\n+version\r\n+${version}\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n`;
      const server = createServer((socket) =>
        socket.on('data', () => socket.write(hello)).on('error', () => {}),
      );
      await once(server.listen(0, '127.0.0.1'), 'listening');
      onCleanup(() => void server.close());
      return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
);

describe('a connection is refused, by name, before its first use', () => {
  test('to a version before 7.0', async ({ serverOf, watch }) => {
    const watched = watch({}, await serverOf('6.2.14'));
    await expectRefused(watched, 'redis_version_unsupported', 'the version of Redis is 6.2.14');
  });

  test('to a Sentinel, with the setting to use', async ({ watch }) => {
    const replicas = await startRedisReplicas({ replicas: 0, sentinels: 1 });
    try {
      const [address] = replicas.addresses.split(',');
      const url = `redis://${address}`;
      await expectRefused(watch({}, url), 'redis_is_sentinel', 'REDIS_SENTINELS in place of REDIS_URL');
    } finally {
      await replicas.stop();
    }
  });

  test('to a node of a Cluster, with the setting to use', async ({ watch }) => {
    const binary = await serverBinary(process.env);
    if (binary instanceof Refusal) throw new Error(binary.detail);
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-node-'));
    const [port, busPort] = [await freePort(), await freePort()];
    const node = await startClusterNode({ binary, directory, port, busPort, options: [] });
    try {
      const url = `redis://${node.address}`;
      await expectRefused(
        watch({}, url),
        'redis_is_cluster_node',
        'REDIS_CLUSTER_NODES in place of REDIS_URL',
      );
    } finally {
      await node.stop();
      await rm(directory, { recursive: true });
    }
  });

  test('to a replica', async ({ redis, command, watch }) => {
    await command('REPLICAOF', '127.0.0.1', '1');
    try {
      const watched = watch({}, redis.tcpUrl);
      await expectRefused(watched, 'redis_replica', 'connect to the primary');
      await command('REPLICAOF', 'NO', 'ONE');
      await watched.store.whenReady(30_000);
      expect(watched.codes()).toEqual([]);
    } finally {
      await command('REPLICAOF', 'NO', 'ONE');
    }
  });
});

test('a server that becomes a replica is refused within two seconds, without a write', async ({
  command,
  watch,
}) => {
  const watched = watch();
  await watched.store.whenReady(30_000);
  await command('REPLICAOF', '127.0.0.1', '1');
  try {
    await until(() => !watched.store.ready, 2000);
    await expectRefused(watched, 'redis_replica', 'may not know the latest revocations');
  } finally {
    await command('REPLICAOF', 'NO', 'ONE');
  }
  await watched.store.whenReady(30_000);
});
