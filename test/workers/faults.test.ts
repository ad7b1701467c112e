import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { gatewayTest } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { startWorkerGateway, type WorkerGateway } from '../support/worker-gateway.ts';

const run = promisify(execFile);

/** How many lines of a log are more than a pipe and the buffers on both sides hold. */
const MANY_REQUESTS = 2000;
const PARALLEL = 20;

const test = gatewayTest().extend(
  'workers',
  async ({ gateway, upstream }, { onCleanup }): Promise<WorkerGateway> => {
    const workers = await startWorkerGateway(gateway, {
      BANK_URL: upstream.url,
      SHUTDOWN_GRACE_MS: '10000',
      WORKER_TIMEOUT_MS: '3000',
    });
    onCleanup(async () => {
      workers.signal('SIGTERM');
      await workers.ended;
    });
    return workers;
  },
);

/** The codes of requests without a credential, each of which writes a line to the log. */
async function refusedCodes(url: string, count: number): Promise<Set<unknown>> {
  const codes = new Set<unknown>();
  const client = async (): Promise<void> => {
    for (let n = 0; n < count / PARALLEL; n += 1) {
      const response = await fetch(`${url}/bank/accounts`);
      codes.add(((await response.json()) as { code: unknown }).code);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, client));
  return codes;
}

describe('a gateway with two workers', () => {
  test('serves on when nobody reads its log any more, and stops on SIGTERM', async ({ workers }) => {
    const pids = await workers.pids();
    workers.closeOutput();
    expect(await refusedCodes(workers.url, MANY_REQUESTS)).toEqual(new Set(['credential_missing']));
    expect(await workers.pids()).toEqual(pids);
    workers.signal('SIGTERM');
    expect(await workers.ended).toBe(0);
  });

  test('replaces a worker that hangs within WORKER_TIMEOUT_MS and a quarter', async ({ workers }) => {
    const pids = await workers.pids();
    process.kill(pids.get(2) ?? 0, 'SIGSTOP');
    await until(async () => {
      const now = await workers.pids();
      return now.size === 2 && now.get(2) !== pids.get(2);
    });
    expect((await workers.pids()).get(1)).toBe(pids.get(1));
    const hung = workers.log.filter(({ event }) => event === 'worker_hung');
    expect(hung).toMatchObject([{ of: 2, pid: pids.get(2), unansweredPings: 4 }]);
    expect(workers.log).toContainEqual(
      expect.objectContaining({ event: 'worker_ended', of: 2, signal: 'SIGKILL' }),
    );
  });

  test.skipIf(process.platform !== 'linux')(
    'that has no file descriptor left for a new worker goes on, and starts it once it has one',
    async ({ workers }) => {
      const pids = await workers.pids();
      const limit = (count: string) => run('prlimit', ['--pid', `${workers.pid}`, `--nofile=${count}:`]);
      await limit('8');
      process.kill(pids.get(2) ?? 0, 'SIGKILL');
      await until(() => workers.log.some(({ event }) => event === 'worker_not_started'));
      expect(await refusedCodes(workers.url, PARALLEL)).toEqual(new Set(['credential_missing']));
      await limit('1024');
      await until(async () => (await workers.pids()).size === 2);
      expect((await workers.pids()).get(1)).toBe(pids.get(1));
    },
  );
});
