import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningGateway } from '../../../src/gateway/server.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, rawProblemOf, rawRequest, sendRaw } from '../../support/raw-http.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let token = '';
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startTestGateway({
    BANK_URL: upstream.url,
    REQUEST_TIMEOUT_MS: '500',
  });
  token = await gateway.login();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const good = (requestLine: string, ...lines: string[]): string =>
  rawRequest(requestLine, `Authorization: Bearer ${token}`, ...lines);
const TRANSFERS = 'POST /bank/accounts/1/transfers';
const ACCOUNTS = 'GET /bank/accounts';

test('a header is read however many precede it', () =>
  expectRefusal(
    { gateway, upstream },
    async () => {
      const many = Array.from({ length: 1200 }, () => 'a:');
      return rawProblemOf(
        await sendRaw(gateway.url, good(TRANSFERS, ...many, 'Content-Length: 99999999999')),
      );
    },
    { status: 413, code: 'body_too_large' },
  ));

test('a refused client receives the response although it is still sending', async () => {
  for (let i = 0; i < 10; i += 1) {
    const response = await sendRaw(gateway.url, good(ACCOUNTS, `X-Pad: ${'x'.repeat(2_000_000)}`));
    expect(rawProblemOf(response)).toEqual({ status: 431, code: 'headers_too_large' });
  }
});

describe('a connection error is never written into a response in progress', () => {
  const beginResponse = (outgoing: ServerResponse): void => {
    outgoing.writeHead(200, { 'content-type': 'text/plain' });
    outgoing.write('begun');
  };

  test('a body that takes too long ends the response that has begun', async () => {
    upstream.respondWith((_incoming, outgoing) => beginResponse(outgoing));
    const connection = new RawConnection(gateway.url);
    connection.send(`${good(TRANSFERS, 'Content-Length: 100000')}12345`);
    await connection.untilClosed();
    expect(connection.rest).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n5\r\nbegun\r\n$/);
  });

  test('garbage after a request ends the response that has begun', async () => {
    upstream.respondWith((_incoming, outgoing) => beginResponse(outgoing));
    const connection = new RawConnection(gateway.url).send(good(ACCOUNTS));
    await until(() => connection.rest.includes('begun'));
    connection.send('rubbish\r\n\r\n');
    await connection.untilClosed();
    expect(connection.rest).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n5\r\nbegun\r\n$/);
  });

  test('garbage after a request gets no response in place of the request', async () => {
    let arrived = false;
    upstream.respondWith(() => {
      arrived = true;
    });
    const connection = new RawConnection(gateway.url).send(good(ACCOUNTS));
    await until(() => arrived);
    connection.send('rubbish\r\n\r\n');
    await connection.untilClosed();
    expect(connection.rest).toBe('');
  });

  test('a second body that takes too long gets no response in place of the first request', async () => {
    upstream.respondWith(() => {});
    const connection = new RawConnection(gateway.url).send(
      `${good(ACCOUNTS)}${good(TRANSFERS, 'Content-Length: 10')}12345`,
    );
    await connection.untilClosed();
    expect(connection.rest).toBe('');
  });
});

test('responses to pipelined requests are sent in order', async () => {
  const arrived = new Map<string, ServerResponse>();
  upstream.respondWith(({ url = '' }, outgoing) => {
    arrived.set(url, outgoing);
    const [first, second] = ['/accounts/1', '/accounts/2'].map((path) => arrived.get(path));
    if (first !== undefined) second?.end('/accounts/2', () => first.end('/accounts/1'));
  });
  const connection = new RawConnection(gateway.url).send(
    `${good('GET /bank/accounts/1')}${good('GET /bank/accounts/2')}`,
  );
  const bodies = [await connection.response(), await connection.response()].map(({ body }) =>
    body.toString(),
  );
  expect(bodies).toEqual(['/accounts/1', '/accounts/2']);
  connection.destroy();
});

describe('connections', () => {
  let narrow: RunningGateway;
  beforeAll(async () => {
    const limits = { IDLE_TIMEOUT_MS: '400', KEEP_ALIVE_TIMEOUT_MS: '200' };
    narrow = await startGatewayBeside(gateway, { BANK_URL: upstream.url, ...limits });
  });
  afterAll(() => narrow.close());
  test('a connection is kept alive for the next request, and closed if none comes in time', async () => {
    upstream.respondWith((_incoming, outgoing) => outgoing.end());
    const connection = new RawConnection(narrow.url);
    for (let i = 0; i < 3; i += 1)
      expect((await connection.send(good(ACCOUNTS)).response()).status).toBe(200);
    await connection.untilClosed();
  });

  test('a client that stops reading is disconnected, and the upstream request is aborted', async () => {
    const closed = Promise.withResolvers<void>();
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.on('close', closed.resolve);
      const fill = (): void => {
        while (outgoing.write(Buffer.alloc(65_536)));
      };
      outgoing.on('drain', fill);
      fill();
    });
    const connection = new RawConnection(narrow.url).send(good(ACCOUNTS));
    connection.socket.pause();
    await closed.promise;
    connection.destroy();
  });
});
