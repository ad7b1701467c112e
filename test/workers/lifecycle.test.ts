import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gatewayTest } from '../support/fixtures.ts';
import { isAlive } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { startWorkerGateway } from '../support/worker-gateway.ts';

const test = gatewayTest();

test('if no worker can start, the exit code is 1, and the reason is that of the worker', async ({
  gateway,
}) => {
  const policy = join(gateway.settings.dataDir, 'policy.json');
  await writeFile(policy, '[{"method":"GET"}]');
  const workers = await startWorkerGateway(gateway, { POLICY_FILE: policy });
  expect(await workers.ended).toBe(1);
  expect(workers.errors).toMatch(/^portcullis: POLICY_FILE: /m);
});

test('if the primary process is killed, its workers end', async ({ gateway }) => {
  const workers = await startWorkerGateway(gateway, {});
  const pids = [...(await workers.pids()).values()];
  expect(pids.filter(isAlive)).toHaveLength(2);
  workers.signal('SIGKILL');
  await until(() => !pids.some(isAlive));
});

test('if the primary process is killed while the log waits for it, its workers end too', async ({
  gateway,
}) => {
  const workers = await startWorkerGateway(gateway, {});
  const pids = [...(await workers.pids()).values()];
  workers.signal('SIGSTOP');
  // More lines than a pipe holds.
  for (let n = 0; n < 100; n += 1)
    await Promise.all(
      Array.from({ length: 10 }, async () => (await fetch(`${workers.url}/bank/accounts`)).arrayBuffer()),
    );
  workers.signal('SIGKILL');
  await until(() => !pids.some(isAlive));
});

test('SIGTERM, to the primary process alone or to all, stops all workers once their requests have ended', async ({
  gateway,
  upstream,
}) => {
  const workers = await startWorkerGateway(gateway, { BANK_URL: upstream.url, SHUTDOWN_GRACE_MS: '60000' });
  const pids = [...(await workers.pids()).values()];
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
  upstream.respondWith((_incoming, outgoing) => arrive(() => void outgoing.end('{}')));
  const token = await gateway.login();
  const response = fetch(`${workers.url}/bank/accounts`, { headers: { authorization: `Bearer ${token}` } });
  const finish = await arrived;
  for (const pid of [workers.pid, ...pids]) process.kill(pid, 'SIGTERM');
  await until(async () => (await fetch(`${workers.healthUrl}/readyz`)).status === 503);
  finish();
  expect((await response).status).toBe(200);
  expect(await workers.ended).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
});
