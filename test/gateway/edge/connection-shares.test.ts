import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningGateway } from '../../../src/gateway/server.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let seed: TestGateway;
let upstream: Upstream;
let token: string;
beforeAll(async () => {
  upstream = await startUpstream();
  seed = await startTestGateway({ BANK_URL: upstream.url });
  token = await seed.login();
});
afterAll(async () => {
  await seed.close();
  await upstream.close();
});

const LIVEZ = rawRequest('GET /livez');

/** Runs `work` with a gateway that has these settings. */
async function withGateway(
  env: Record<string, string>,
  work: (gateway: RunningGateway) => Promise<void>,
): Promise<void> {
  const gateway = await startGatewayBeside(seed, { BANK_URL: upstream.url, ...env });
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

/** Opens connections one after the other, each with a request that has been answered. */
async function openUsed(url: string, count: number): Promise<RawConnection[]> {
  const connections: RawConnection[] = [];
  for (let i = 0; i < count; i += 1) {
    const connection = new RawConnection(url).send(LIVEZ);
    expect((await connection.response()).status).toBe(200);
    connections.push(connection);
  }
  return connections;
}

const closeAll = (connections: RawConnection[]): void => {
  for (const connection of connections) connection.destroy();
};

test('a connection over the share of its network is closed, and those before it keep working', () =>
  withGateway({ CONNECTIONS_MAX: '100', CONNECTIONS_PER_NETWORK_MAX: '' }, async ({ url }) => {
    const connections = await openUsed(url, 5);
    const sixth = new RawConnection(url);
    await sixth.untilClosed();
    for (const connection of connections) expect((await connection.send(LIVEZ).response()).status).toBe(200);
    closeAll(connections);
    await until(async () => (await fetch(`${url}/livez`).catch(() => undefined))?.status === 200);
  }));

test('connections of trusted proxies do not count for a network', () =>
  withGateway({ CONNECTIONS_PER_NETWORK_MAX: '2', TRUSTED_PROXIES: '127.0.0.0/8' }, async ({ url }) => {
    closeAll(await openUsed(url, 10));
  }));

test('if all connections are taken, the one that has been idle longest is closed for a new one', () =>
  withGateway({ CONNECTIONS_MAX: '3' }, async ({ url }) => {
    const [first, second, third] = (await openUsed(url, 3)) as [RawConnection, RawConnection, RawConnection];
    expect((await first.send(LIVEZ).response()).status).toBe(200);
    const [fourth] = (await openUsed(url, 1)) as [RawConnection];
    await second.untilClosed();
    for (const open of [first, third, fourth]) expect((await open.send(LIVEZ).response()).status).toBe(200);
    closeAll([first, third, fourth]);
  }));

test('if all connections have a request in progress, a new one is closed', () =>
  withGateway({ CONNECTIONS_MAX: '2' }, async ({ url }) => {
    const responses: (() => void)[] = [];
    upstream.respondWith((_incoming, outgoing) => void responses.push(() => outgoing.end('{}')));
    const get = rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`);
    const busy = Array.from({ length: 2 }, () => new RawConnection(url).send(get));
    await until(() => responses.length === 2);
    await new RawConnection(url).untilClosed();
    for (const respond of responses) respond();
    for (const connection of busy) expect((await connection.response()).status).toBe(200);
    closeAll(busy);
  }));
