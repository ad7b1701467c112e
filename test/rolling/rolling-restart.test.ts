import { Agent, request } from 'node:http';
import { describe, expect, onTestFinished } from 'vitest';
import { runBeside } from '../support/beside.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, type TestGateway } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type BalancedServer, haproxyBinary, startHaproxy } from '../support/haproxy.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';

const test = gatewayTest();
const binary = haproxyBinary() ?? '';

/** The least number of requests that are sent during the restarts. */
const REQUESTS = Number(process.env.ROLLING_RESTART_REQUESTS ?? 500);
const CONNECTIONS = 16;

/** How long a gateway is not ready before it stops: many checks of the load balancer, also on a busy machine. */
const SETTLE_MS = '1500';

interface Place extends BalancedServer {
  running: GatewayProcess;
}

const start = ({ redis, signingKeyPem }: TestGateway, bankUrl: string, server: BalancedServer) =>
  startGatewayProcess({
    REDIS_URL: redis.url,
    SIGNING_KEY: signingKeyPem,
    BANK_URL: bankUrl,
    GATEWAY_PORT: String(server.port),
    HEALTH_PORT: String(server.checkPort),
    TRUSTED_PROXIES: '127.0.0.1',
    SHUTDOWN_SETTLE_MS: SETTLE_MS,
    REDIS_DEADLINE_MS: '900',
    SHUTDOWN_GRACE_MS: '60000',
    LOG_LEVEL: 'info',
  });

async function startPlace(gateway: TestGateway, bankUrl: string, name: string): Promise<Place> {
  const server = { name, port: await freePort(), checkPort: await freePort() };
  return { ...server, running: await start(gateway, bankUrl, server) };
}

interface Load {
  sent: number;
  /** The statuses and errors of the requests that were not answered with 200. */
  failed: string[];
  stop(): Promise<void>;
}

/** Sends requests on connections that are kept alive, alternately GET and POST, beside a test. */
function startLoad(url: string, headers: Record<string, string>): Load {
  const load = { sent: 0, failed: [] as string[] };
  const send = (agent: Agent): Promise<void> =>
    new Promise((resolve) => {
      load.sent += 1;
      const isPost = load.sent % 2 === 0;
      const path = isPost ? '/bank/accounts/1/transfers' : '/bank/accounts';
      const sent = request(url + path, { agent, headers, method: isPost ? 'POST' : 'GET' }, (response) => {
        if (response.statusCode !== 200)
          load.failed.push(`${response.statusCode} of ${response.headers['x-request-id'] ?? 'HAProxy'}`);
        response.resume().on('close', resolve);
      });
      sent.on('error', ({ message }) => {
        load.failed.push(message);
        resolve();
      });
      sent.end(isPost ? '{"amount":1}' : undefined);
    });
  const agents = Array.from({ length: CONNECTIONS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  onTestFinished(() => {
    for (const agent of agents) agent.destroy();
  });
  return Object.assign(load, runBeside(agents.map((agent) => () => send(agent))));
}

describe.skipIf(binary === '')('behind HAProxy without retries (skipped if haproxy is not installed)', () => {
  test('restarting each gateway in turn fails no request', { timeout: 600_000 }, async ({
    gateway,
    upstream,
    token,
  }) => {
    upstream.respondWith((incoming, outgoing) => {
      incoming.resume();
      setTimeout(() => outgoing.end('{}'), 5);
    });
    const places = [
      await startPlace(gateway, upstream.url, 'a'),
      await startPlace(gateway, upstream.url, 'b'),
    ];
    // What a failed attempt leaves running would slow the next one down.
    onTestFinished(async () => void (await Promise.all(places.map(({ running }) => running.stop()))));
    const balancer = await startHaproxy(binary, places);
    onTestFinished(() => balancer.stop());
    const load = startLoad(balancer.url, bearer(token));
    do
      for (const place of places) {
        expect(await place.running.stop()).toBe(0);
        await until(async () => !(await balancer.isUp(place.name)));
        place.running = await start(gateway, upstream.url, place);
        await until(() => balancer.isUp(place.name));
      }
    while (load.sent < REQUESTS);
    await load.stop();
    if (process.env.ROLLING_RESTART_REQUESTS)
      process.stdout.write(`${load.sent} sent, ${load.failed.length} failed
`);
    expect(load.failed).toEqual([]);
  });

  test('a plain `option httpchk` finds a gateway up on its public listener', async ({ gateway }) => {
    const port = Number(new URL(gateway.url).port);
    const balancer = await startHaproxy(binary, [{ name: 'a', port, checkPort: port }], 'option httpchk');
    expect(await balancer.isUp('a')).toBe(true);
    expect((await fetch(`${balancer.url}/livez`)).status).toBe(200);
    await balancer.stop();
  });
});
