import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const MIB = 1024 * 1024;
const PIPELINED_MAX = 4;

let gateway: TestGateway;
let upstream: Upstream;
let get: (path: string, ...lines: string[]) => string;
/** The responses that the upstream has not sent yet, by path. */
const held = new Map<string, ServerResponse>();
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startTestGateway({ BANK_URL: upstream.url, PIPELINED_REQUESTS_MAX: `${PIPELINED_MAX}` });
  const token = await gateway.login();
  get = (path, ...lines) => rawRequest(`GET /bank${path}`, `Authorization: Bearer ${token}`, ...lines);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const holdAll = (): void => {
  held.clear();
  upstream.respondWith(({ url = '' }, outgoing) => void held.set(url, outgoing));
};
const paths = (count: number): string[] => Array.from({ length: count }, (_, i) => `/accounts/${i}`);
const pipelined = (count: number): string =>
  paths(count)
    .map((path) => get(path))
    .join('');

describe('pipelined requests of one connection', () => {
  test('beyond the maximum wait until a response has been sent, and are answered in order', async () => {
    holdAll();
    const connection = new RawConnection(gateway.url).send(pipelined(PIPELINED_MAX + 3));
    const bodies: string[] = [];
    for (const path of paths(PIPELINED_MAX + 3)) {
      await until(() => held.has(path));
      expect(held.size).toBeLessThanOrEqual(bodies.length + PIPELINED_MAX);
      held.get(path)?.end(path);
      bodies.push((await connection.response()).body.toString());
    }
    expect(bodies).toEqual(paths(PIPELINED_MAX + 3));
    connection.destroy();
  });

  test('are all answered in order to a client that reads, however many it sends at once', async () => {
    upstream.respondWith(({ url }, outgoing) => outgoing.end(url));
    const connection = new RawConnection(gateway.url).send(pipelined(500));
    for (const path of paths(500)) expect((await connection.response()).body.toString()).toBe(path);
    connection.destroy();
  });

  test('with a body are read completely, even if they had to wait', async () => {
    const received: string[] = [];
    upstream.respondWith(async (incoming, outgoing) => {
      let body = '';
      for await (const chunk of incoming) body += chunk;
      received.push(body);
      outgoing.end('{}');
    });
    const length = 300_000;
    const head = get('/accounts/1/transfers', `Content-Length: ${length}`).replace('GET', 'POST');
    const bodies = Array.from({ length: PIPELINED_MAX + 3 }, (_, i) => `${i}`.repeat(length));
    const connection = new RawConnection(gateway.url);
    for (const body of bodies) connection.send(head + body);
    for (const _body of bodies) expect((await connection.response()).status).toBe(200);
    expect(received.map((body) => [body[0], body.length])).toEqual(
      bodies.map((body) => [body[0], body.length]),
    );
    connection.destroy();
  });
});

describe('clients that never read', () => {
  let flooded: GatewayProcess;
  beforeAll(async () => {
    flooded = await startGatewayProcess({ REDIS_URL: gateway.redis.url, SIGNING_KEY: gateway.signingKeyPem });
  });
  afterAll(() => flooded.stop());

  const connectSilent = (): RawConnection => {
    const connection = new RawConnection(flooded.url);
    connection.socket.pause();
    return connection;
  };

  test('of 50 connections with 2,000 requests each take less than 50 MiB, and others are answered', async () => {
    expect((await fetch(`${flooded.url}/livez`)).status).toBe(200);
    const before = (await flooded.memory()).peak;
    const connections = Array.from({ length: 50 }, connectSilent);
    const requests = rawRequest('GET /openapi.json').repeat(2000);
    for (const { socket } of connections) socket.write(requests);
    await until(() => connections.every(({ socket }) => socket.bytesWritten > 0));
    for (let i = 0; i < 20; i += 1) expect((await fetch(`${flooded.url}/livez`)).status).toBe(200);
    expect((await flooded.memory()).peak - before).toBeLessThan(50 * MIB);
    for (const connection of connections) connection.destroy();
  });
});
