import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { loginAs } from '../../support/gateway.ts';
import { startGatewayProcess } from '../../support/gateway-process.ts';

const test = gatewayTest().extend('threads', async ({ gateway }, { onCleanup }) => {
  const { redis, signingKeyPem, settings } = gateway;
  const started = await startGatewayProcess({
    REDIS_URL: redis.url,
    SIGNING_KEY: signingKeyPem,
    DATA_DIR: settings.dataDir,
  });
  onCleanup(async () => {
    await started.stop();
  });
  await loginAs(started.url, 'bob');
  return threadsOf(started.pid);
});

interface Thread {
  name: string;
  niceness: number;
}

/** The threads of a process: `comm` and field 19 of `/proc/<pid>/task/<tid>/stat` (proc(5)). */
async function threadsOf(pid: number): Promise<Thread[]> {
  const ids = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(ids.map((id) => readFile(`/proc/${pid}/task/${id}/stat`, 'latin1')));
  return stats.map((stat) => {
    const end = stat.lastIndexOf(')');
    const niceness = Number(stat.slice(end + 2).split(' ')[16]);
    return { name: stat.slice(stat.indexOf('(') + 1, end), niceness };
  });
}

const named = (threads: Thread[], name: string): number[] =>
  threads.filter((thread) => thread.name === name).map(({ niceness }) => niceness);

test.skipIf(process.platform !== 'linux')(
  'threads that hash passwords have a lower priority than the one that serves requests',
  ({ threads }) => {
    const [main = 0] = named(threads, 'node-MainThread');
    const workers = Math.max(1, availableParallelism() - 1);
    const hashing = threads.filter(({ name }) => name.startsWith('WorkerThread'));
    expect(hashing.filter(({ niceness }) => niceness === Math.min(19, main + 10)).length).toBe(workers);
  },
);

test.skipIf(process.platform !== 'linux')(
  'threads that sign the tokens of logins and refreshes have a lower priority than the one that serves requests',
  ({ threads }) => {
    const pool = named(threads, 'libuv-worker');
    expect(pool.length).toBeGreaterThan(0);
    expect(new Set(pool)).toEqual(new Set([19]));
  },
);
