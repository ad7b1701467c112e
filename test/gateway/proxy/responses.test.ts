import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, type RawResponse, rawRequest, sendRaw } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const test = gatewayTest()
  .extend(
    'accounts',
    ({ token }) =>
      (method = 'GET', ...lines: string[]): string =>
        rawRequest(`${method} /bank/accounts`, `Authorization: Bearer ${token}`, ...lines),
  )
  /** The response to a client if the upstream sends these bytes. */
  .extend(
    'passedOn',
    ({ upstream, gateway, accounts }) =>
      async (status: number, headers: OutgoingHttpHeaders, body = ''): Promise<RawResponse> => {
        upstream.respondWith((_incoming, outgoing) => {
          outgoing.writeHead(status, headers);
          outgoing.end(body);
        });
        return sendRaw(gateway.url, accounts());
      },
  );

describe('an upstream status is forwarded unchanged, with its body', () => {
  test.for([200, 201, 207, 400, 402, 403, 404, 409, 418, 422, 429, 500, 503, 599])(
    '%i',
    async (status, { passedOn }) => {
      const response = await passedOn(status, { 'content-type': 'text/plain' }, `body of ${status}`);
      expect([response.status, response.body.toString()]).toEqual([status, `body of ${status}`]);
      expect(response.headers['content-type']).toEqual(['text/plain']);
    },
  );
});

test('a short body is forwarded byte for byte', async ({ upstream, gateway, accounts }) => {
  const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  upstream.respondWith((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': body.length }).end(body);
  });
  const response = await sendRaw(gateway.url, accounts());
  expect(response.body).toEqual(body);
});

describe('a redirect is forwarded and never followed', () => {
  test.for([301, 302, 303, 307, 308])('%i', async (status, { upstream, gateway, passedOn }) => {
    const before = upstream.count;
    const response = await passedOn(status, { location: `${upstream.url}/internal` });
    const location = `${gateway.settings.issuer}/bank/internal`;
    expect([response.status, response.headers.location]).toEqual([status, [location]]);
    expect(upstream.count - before).toBe(1);
  });
});

describe('a response without a body', () => {
  test('to HEAD keeps the length that GET would have, and the connection stays usable', async ({
    upstream,
    gateway,
    accounts,
  }) => {
    upstream.respondWith((_incoming, outgoing) =>
      outgoing.writeHead(200, { 'content-length': '5' }).end('12345'),
    );
    const connection = new RawConnection(gateway.url);
    for (let i = 0; i < 2; i += 1) {
      const response = await connection.send(accounts('HEAD')).response({ toHead: true });
      expect([response.status, response.headers['content-length']]).toEqual([200, ['5']]);
      expect((await connection.send(accounts()).response()).body.toString()).toBe('12345');
    }
    connection.destroy();
  });

  test.for([
    [204, {}],
    [304, { etag: '"1"' }],
    [304, { etag: '"1"', 'content-length': '5' }],
  ] as const)(
    '%i %o has none at the client either, and the connection stays usable',
    async ([status, headers], { upstream, gateway, accounts }) => {
      upstream.respondWith((_incoming, outgoing) => outgoing.writeHead(status, headers).end());
      const connection = new RawConnection(gateway.url);
      for (let i = 0; i < 2; i += 1) {
        const response = await connection.send(accounts()).response();
        expect(response.status).toBe(status);
        expect(response.headers['transfer-encoding']).toBeUndefined();
        expect(connection.rest).toBe('');
      }
      connection.destroy();
    },
  );
});

describe('a response', () => {
  test('of undeclared length is streamed to the client', async ({ upstream, gateway, accounts }) => {
    let response: ServerResponse | undefined;
    upstream.respondWith((_incoming, outgoing) => {
      response = outgoing;
      outgoing.flushHeaders();
    });
    const connection = new RawConnection(gateway.url).send(accounts());
    await until(() => connection.rest.includes('\r\n\r\n'));
    for (const piece of ['first', 'other']) {
      response?.write(piece);
      await until(() => connection.rest.endsWith(`5\r\n${piece}\r\n`));
    }
    response?.end();
    expect((await connection.response()).body.toString()).toBe('firstother');
    connection.destroy();
  });

  test('delimited by the end of its connection is forwarded completely', async ({
    upstream,
    gateway,
    accounts,
  }) => {
    upstream.respondWith(({ socket }) => socket.end('HTTP/1.0 200 OK\r\n\r\nold style'));
    expect((await sendRaw(gateway.url, accounts())).body.toString()).toBe('old style');
  });

  test('preceded by early hints is forwarded without them', async ({ upstream, gateway, accounts }) => {
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.writeProcessing();
      outgoing.writeEarlyHints({ link: '</style.css>; rel=preload' });
      outgoing.end('final');
    });
    const response = await sendRaw(gateway.url, accounts());
    expect([response.status, response.body.toString()]).toEqual([200, 'final']);
    expect(response.headers.link).toBeUndefined();
  });

  test('that is compressed is forwarded unchanged', async ({ passedOn }) => {
    const response = await passedOn(200, { 'content-encoding': 'gzip' }, 'not really gzip');
    expect([response.headers['content-encoding'], response.body.toString()]).toEqual([
      ['gzip'],
      'not really gzip',
    ]);
  });

  test('with a non-ASCII header is forwarded byte for byte', async ({ upstream, gateway, accounts }) => {
    const utf8 = Buffer.from('filename="ünïcödé.pdf"').toString('latin1');
    const head = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-disposition: ${utf8}\r\n\r\n`;
    upstream.respondWith(({ socket }) => socket.write(head, 'latin1'));
    expect((await sendRaw(gateway.url, accounts())).headers['content-disposition']).toEqual([utf8]);
  });
});

test('when the gateway stops, event streams end at the client and the upstream, even if the client no longer reads', async ({
  gateway,
  upstream,
  token,
}) => {
  const other = await startGatewayBeside(gateway, { BANK_URL: upstream.url, SHUTDOWN_GRACE_MS: '500' });
  const closed: string[] = [];
  upstream.respondWith((incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => outgoing.write(`data: ${'x'.repeat(100_000)}\n\n`), 1);
    outgoing.on('close', () => {
      clearInterval(timer);
      closed.push(incoming.url ?? '');
    });
  });
  const streams = ['1', '2'].map((id) =>
    new RawConnection(other.url).send(
      rawRequest(`GET /bank/accounts/${id}/stream`, `Authorization: Bearer ${token}`),
    ),
  );
  for (const stream of streams) await until(() => stream.rest.length > 200_000);
  streams[0]?.socket.pause();
  const startMs = performance.now();
  await other.close();
  expect(performance.now() - startMs).toBeLessThan(2000);
  await until(() => closed.length === 2);
  for (const stream of streams) stream.destroy();
});
