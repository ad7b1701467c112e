import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { describe, expect } from 'vitest';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import { bearer, postJson } from '../support/gateway.ts';
import { expectOutage, expectRecovery, expectUnavailable, failingRedisTest } from '../support/outage.ts';
import { until } from '../support/until.ts';

const test = failingRedisTest()
  .extend('admin', { scope: 'file' }, async ({ gateway }, { onCleanup }): Promise<RedisLink> => {
    const admin = new RedisLink({ url: gateway.redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
    onCleanup(() => admin.close());
    await admin.whenReady(30_000);
    return admin;
  })
  .extend(
    'command',
    ({ admin }) =>
      (...words: string[]): Promise<unknown> =>
        admin.run((client) => client.sendCommand(words)),
  )
  /** Whether INFO has this line, such as `loading:1`. A part of a line is not enough: another one is `async_loading:0`. */
  .extend(
    'infoHas',
    ({ command }) =>
      async (line: string): Promise<boolean> =>
        String(await command('INFO'))
          .split('\r\n')
          .includes(line),
  )
  /** An unused port, so that the replica never syncs and keeps its own data. */
  .extend(
    'becomeReplica',
    ({ command }) =>
      (): Promise<unknown> =>
        command('REPLICAOF', '127.0.0.1', '1'),
  )
  .extend(
    'becomeMaster',
    ({ command }) =>
      (): Promise<unknown> =>
        command('REPLICAOF', 'NO', 'ONE'),
  )
  /** Restarts the server with the same data, and makes it load the data slowly enough to be observed. */
  .extend('startLoading', ({ gateway }) => async (): Promise<ChildProcess> => {
    const binary = await serverBinary(process.env);
    if (binary instanceof Refusal) throw new Error(binary.detail);
    const socket = gateway.redis.url.slice('unix://'.length);
    const options = ['--port 0', `--unixsocket ${socket}`, '--appendonly yes', '--save', ''];
    const slowly = ['--key-load-delay 2000', '--loading-process-events-interval-bytes 1024'];
    return spawn(
      binary.path,
      [...options, ...slowly].flatMap((option) => option.split(' ')),
      {
        cwd: dirname(socket),
        env: { ...process.env, ...binary.env },
        stdio: 'ignore',
      },
    );
  });

describe('Redis as a replica', () => {
  test('within two seconds every request is a 503, reads too, because it may not know the latest revocations', async ({
    becomeReplica,
    gateway,
    becomeMaster,
  }) => {
    await becomeReplica();
    try {
      const read = () => fetch(`${gateway.url}/bank/accounts`, { headers: bearer(gateway.token) });
      await until(async () => (await read()).status === 503, 2000);
      await expectOutage(gateway);
      await expectOutage(gateway);
    } finally {
      await becomeMaster();
    }
    await expectRecovery(gateway);
  });

  test('without data: every request is a 503, except the health check of the process', async ({
    command,
    becomeReplica,
    gateway,
    becomeMaster,
  }) => {
    await command('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    await becomeReplica();
    try {
      await expectOutage(gateway);
      await expectOutage(gateway);
    } finally {
      await becomeMaster();
    }
    await expectRecovery(gateway);
  });
});

test('Redis out of memory: logged-in users continue, login is a 503', async ({ command, gateway }) => {
  await command('CONFIG', 'SET', 'maxmemory', '1');
  try {
    expect((await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(gateway.token) })).status).toBe(
      200,
    );
    const body = { username: 'alice', password: 'wonderland1' };
    await expectUnavailable('login', () => postJson(`${gateway.url}/auth/login`, body));
  } finally {
    await command('CONFIG', 'SET', 'maxmemory', '0');
  }
  await expectRecovery(gateway);
});

test('Redis that suddenly requires a password: every request is a 503', async ({ command, gateway }) => {
  await command('CONFIG', 'SET', 'requirepass', 'sesame');
  const dropped = command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no').catch(() => 'dropped');
  await dropped;
  try {
    await expectOutage(gateway);
  } finally {
    await gateway.redis.restart();
  }
  await expectRecovery(gateway);
});

test('Redis loading its data: every request is a 503, and service resumes when it is done', async ({
  admin,
  command,
  infoHas,
  gateway,
  startLoading,
}) => {
  await admin.whenReady(30_000);
  await Promise.all(Array.from({ length: 1000 }, (_, i) => command('SET', `filler:${i}`, 'x')));
  await command('BGREWRITEAOF');
  await until(() => infoHas('aof_rewrite_in_progress:0'));
  await gateway.redis.kill();
  const loading = await startLoading();
  try {
    await until(() => infoHas('loading:1').catch(() => false));
    await expectOutage(gateway);
    expect(await infoHas('loading:1')).toBe(true);
    await expectOutage(gateway);
    await until(() => infoHas('loading:0'));
    await expectRecovery(gateway);
  } finally {
    loading.kill('SIGKILL');
    await once(loading, 'exit');
    await gateway.redis.restart();
  }
});
