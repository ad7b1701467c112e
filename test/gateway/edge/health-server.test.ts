import { describe, expect } from 'vitest';
import { startGateway } from '../../../src/gateway/server.ts';
import { createLog } from '../../../src/log.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { problemOf, type TestGateway } from '../../support/gateway.ts';
import { RawConnection, rawRequest, sendRaw } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const test = gatewayTest();

/** Starts another gateway with a private listener, with these settings in place of those of `gateway`. */
async function startWithHealth(
  gateway: TestGateway,
  settings: Partial<TestGateway['settings']> = {},
): Promise<{ url: string; healthUrl: string; close(): Promise<void> }> {
  const all = { ...gateway.settings, gatewayPort: 0, healthPort: 0, ...settings };
  const running = await startGateway({ settings: all, log: createLog('gateway', 'silent') });
  return { ...running, healthUrl: running.healthUrl ?? '' };
}

describe('the private listener', () => {
  test('responds to the health checks and to nothing else', async ({ gateway }) => {
    const { healthUrl, close } = await startWithHealth(gateway);
    expect(await (await fetch(`${healthUrl}/livez`)).json()).toEqual({ status: 'alive' });
    expect(await (await fetch(`${healthUrl}/readyz`)).json()).toMatchObject({ status: 'ready' });
    for (const path of ['/', '/auth/session', '/bank/accounts', '/livez/', '/.well-known/jwks.json'])
      expect(await problemOf(await fetch(healthUrl + path))).toEqual({ status: 404, code: 'not_found' });
    const post = await fetch(`${healthUrl}/readyz`, { method: 'POST' });
    expect(await problemOf(post)).toEqual({ status: 404, code: 'not_found' });
    await close();
  });

  test.for(['OPTIONS / HTTP/1.0', 'OPTIONS /readyz HTTP/1.0', 'GET /readyz HTTP/1.0'])(
    'responds to %s without a Host, as HAProxy sends it',
    async (line, { gateway }) => {
      const { healthUrl, close } = await startWithHealth(gateway);
      const { status } = await sendRaw(healthUrl, `${line}\r\n\r\n`);
      expect(status).toBe(200);
      await close();
    },
  );

  test('responds when all connections of the public one are taken', async ({ gateway, upstream, token }) => {
    upstream.respondWith(() => {});
    const { url, healthUrl, close } = await startWithHealth(gateway, {
      connectionsMax: 2,
      shutdownGraceMs: 0,
    });
    const before = upstream.count;
    const head = rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`);
    const busy = Array.from({ length: 2 }, () => new RawConnection(url).send(head));
    await until(() => upstream.count === before + 2);
    await new RawConnection(url).untilClosed();
    expect((await fetch(`${healthUrl}/readyz`)).status).toBe(200);
    for (const connection of busy) connection.destroy();
    await close();
  });

  test('is ready no longer, and still live, while the gateway completes its last requests', async ({
    gateway,
    upstream,
    token,
  }) => {
    let respond: (() => void) | undefined;
    upstream.respondWith((_incoming, outgoing) => {
      respond = () => outgoing.end('{}');
    });
    const { url, healthUrl, close } = await startWithHealth(gateway);
    const response = fetch(`${url}/bank/accounts`, { headers: { authorization: `Bearer ${token}` } });
    await until(() => respond !== undefined);
    const closed = close();
    expect((await fetch(`${healthUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${healthUrl}/livez`)).status).toBe(200);
    respond?.();
    expect((await response).status).toBe(200);
    await closed;
  });
});
