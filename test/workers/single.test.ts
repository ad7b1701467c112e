import { describe, expect } from 'vitest';
import { gatewayTest } from '../support/fixtures.ts';
import { until } from '../support/until.ts';
import { startWorkerGateway } from '../support/worker-gateway.ts';

const test = gatewayTest();

describe('a gateway', () => {
  test('with WORKERS=1 logs SIGHUP, and serves on', async ({ gateway }) => {
    const single = await startWorkerGateway(gateway, { WORKERS: '1' });
    single.signal('SIGHUP');
    await until(() => single.log.some(({ event }) => event === 'restart_not_possible'));
    expect((await fetch(`${single.url}/livez`)).status).toBe(200);
    single.signal('SIGTERM');
    expect(await single.ended).toBe(0);
  });

  test.for(['1', '2'])(
    "with WORKERS=%s starts although NODE_UNIQUE_ID is in its environment, and is nobody's worker",
    async (WORKERS, { gateway }) => {
      const started = await startWorkerGateway(gateway, {
        WORKERS,
        NODE_UNIQUE_ID: '1',
        PORTCULLIS_WORKER_NUMBER: '1',
      });
      expect((await fetch(`${started.url}/livez`)).status).toBe(200);
      expect((await fetch(`${started.healthUrl}/readyz`)).status).toBe(200);
      started.signal('SIGTERM');
      expect(await started.ended).toBe(0);
    },
  );
});
