import { Agent, type IncomingMessage, request } from 'node:http';
import { expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { startGatewayProcess } from '../../support/gateway-process.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const test = gatewayTest();

/** The longest time that a stopping gateway waits. The tests fail if one is used up. */
const GRACE_MS = 30_000;

interface Load {
  /** How many requests were answered. */
  answered: number;
  /** The errors of requests that got no response, except on a new connection. */
  lost: string[];
  /** Resolves when the gateway no longer accepts connections. */
  ended: Promise<unknown>;
}

/** Sends requests on so many connections, each after the response to the one before, until none can be opened. */
function loadOf(
  connections: number,
  url: string,
  headers: Record<string, string>,
  method: 'GET' | 'POST',
): Load {
  const load: Load = { answered: 0, lost: [], ended: Promise.resolve() };
  const target = url + (method === 'GET' ? '/bank/accounts' : '/bank/accounts/1/transfers');
  const send = (agent: Agent): Promise<void> =>
    new Promise((resolve) => {
      const sent = request(target, { agent, headers, method }, (response: IncomingMessage) => {
        response.resume().on('end', () => {
          load.answered += 1;
          resolve(send(agent));
        });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNREFUSED') load.lost.push(`${error.code}`);
        resolve();
      });
      sent.end(method === 'POST' ? '{"amount":1}' : undefined);
    });
  load.ended = Promise.all(
    Array.from({ length: connections }, () => send(new Agent({ keepAlive: true, maxSockets: 1 }))),
  );
  return load;
}

test.for(['GET', 'POST'] as const)(
  'a stop under busy connections that are kept alive loses no %s and does not wait for the grace period',
  async (method, { gateway, upstream, token }) => {
    upstream.respondWith((incoming, outgoing) => {
      incoming.resume();
      setTimeout(() => outgoing.end('{}'), 5);
    });
    const stopping = await startGatewayProcess({
      REDIS_URL: gateway.redis.url,
      SIGNING_KEY: gateway.signingKeyPem,
      BANK_URL: upstream.url,
      SHUTDOWN_GRACE_MS: `${GRACE_MS}`,
      LOG_LEVEL: 'info',
    });
    const load = loadOf(32, stopping.url, { authorization: `Bearer ${token}` }, method);
    await until(() => load.answered > 200);
    expect(await stopping.stop()).toBe(0);
    await load.ended;
    expect(load.lost).toEqual([]);
  },
);

test('a request in progress is completed after the stop, and its response closes the connection', async ({
  gateway,
  upstream,
  token,
}) => {
  let respond: (() => void) | undefined;
  upstream.respondWith((_incoming, outgoing) => {
    respond = () => outgoing.end('{}');
  });
  const stopping = await startGatewayProcess({
    REDIS_URL: gateway.redis.url,
    SIGNING_KEY: gateway.signingKeyPem,
    BANK_URL: upstream.url,
    SHUTDOWN_GRACE_MS: `${GRACE_MS}`,
    LOG_LEVEL: 'info',
  });
  const user = `Authorization: Bearer ${token}`;
  const connection = new RawConnection(stopping.url).send(rawRequest('GET /bank/accounts', user));
  await until(() => respond !== undefined);
  const stopped = stopping.stop();
  await until(() =>
    fetch(`${stopping.url}/livez`).then(
      () => false,
      () => true,
    ),
  );
  respond?.();
  const response = await connection.response();
  expect([response.status, response.headers.connection]).toEqual([200, ['close']]);
  expect(await stopped).toBe(0);
});
