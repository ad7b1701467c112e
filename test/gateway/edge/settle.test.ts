import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, problemOf, type TestGateway } from '../../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const test = gatewayTest();

/** Longer than a test. The tests fail if one is used up. */
const LONG_MS = '60000';

/** Starts a gateway as a process that is not ready for a minute before it stops. */
const startSettling = (
  gateway: TestGateway,
  bankUrl: string,
  env: Record<string, string> = {},
): Promise<GatewayProcess> =>
  startGatewayProcess({
    REDIS_URL: gateway.redis.url,
    SIGNING_KEY: gateway.signingKeyPem,
    BANK_URL: bankUrl,
    SHUTDOWN_SETTLE_MS: LONG_MS,
    SHUTDOWN_GRACE_MS: LONG_MS,
    LOG_LEVEL: 'info',
    ...env,
  });

const readiness = (url: string) => fetch(`${url}/readyz`).then(problemOf);

/** Sends signals until the process has exited, and returns its exit code. */
async function stopAtOnce(stopping: GatewayProcess): Promise<number | null> {
  const again = setInterval(stopping.signal, 100);
  const exitCode = await stopping.untilExit();
  clearInterval(again);
  return exitCode;
}

describe('after a stop signal', () => {
  test('the gateway is not ready on both listeners, but live, and serves requests as before', async ({
    gateway,
    upstream,
    token,
  }) => {
    const stopping = await startSettling(gateway, upstream.url);
    const { url, healthUrl } = stopping;
    expect(await readiness(url)).toMatchObject({ status: 200 });
    stopping.signal();
    await until(async () => (await readiness(url)).status === 503);
    expect(await readiness(url)).toEqual({ status: 503, code: 'stopping' });
    expect(await readiness(healthUrl)).toMatchObject({ status: 503 });
    for (const at of [url, healthUrl]) expect((await fetch(`${at}/livez`)).status).toBe(200);
    const connection = new RawConnection(url);
    const head = rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`);
    for (let i = 0; i < 2; i += 1) {
      const { status, headers } = await connection.send(head).response();
      expect([status, headers.connection]).toEqual([200, ['keep-alive']]);
    }
    connection.destroy();
    await stopAtOnce(stopping);
  });

  test('a second signal ends the process at once', async ({ gateway, upstream, token }) => {
    upstream.respondWith(() => {});
    const stopping = await startSettling(gateway, upstream.url);
    const before = upstream.count;
    const cut = fetch(`${stopping.url}/bank/accounts`, { headers: bearer(token) }).catch(() => 'cut');
    await until(() => upstream.count > before);
    stopping.signal();
    await until(async () => (await readiness(stopping.url)).status === 503);
    expect(await stopAtOnce(stopping)).toBe(130);
    expect(await cut).toBe('cut');
  });

  test('copies of the first signal within half a second do not end it', async ({ gateway, upstream }) => {
    const stopping = await startSettling(gateway, upstream.url, { SHUTDOWN_SETTLE_MS: '700' });
    stopping.signal();
    stopping.signal();
    await until(async () => (await readiness(stopping.url)).status === 503);
    const tooLate = AbortSignal.timeout(30_000);
    const exited = await Promise.race([stopping.untilExit(), once(tooLate, 'abort')]);
    expect(exited).toBe(0);
  });
});
