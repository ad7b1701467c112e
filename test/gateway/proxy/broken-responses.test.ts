import type { ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { problemOf } from '../../support/gateway.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';

type End = (outgoing: ServerResponse) => void;

const test = gatewayTest({ BANK_IDLE_TIMEOUT_MS: '300' })
  .extend('bob', { scope: 'file' }, ({ gateway }) => logInAs(gateway, 'bob'))
  .extend('received', ({ gateway, upstream, bob }) => async (head: Record<string, string>, end: End) => {
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.writeHead(200, head);
      outgoing.write('begun', () => end(outgoing));
    });
    const request = rawRequest('GET /bank/accounts', `Authorization: Bearer ${bob.token}`);
    const connection = new RawConnection(gateway.url).send(request);
    await connection.untilClosed();
    return connection.rest;
  });

describe('a truncated response is never presented as complete', () => {
  test.for<[string, End]>([
    ['closes the connection', (outgoing) => outgoing.destroy()],
    ['resets the connection', (outgoing) => outgoing.socket?.resetAndDestroy()],
    ['stops sending', () => {}],
    ['sends an invalid chunk', (outgoing) => outgoing.socket?.write('no chunk\r\n')],
  ])('when the upstream %s midway', async ([, end], { received }) => {
    expect(await received({}, end)).toMatch(/\r\n5\r\nbegun\r\n$/);
  });

  test('when the upstream closes the connection before the declared length', async ({ received }) => {
    const response = await received({ 'content-length': '10' }, (outgoing) => outgoing.destroy());
    expect(response).toMatch(/content-length: 10\r\n[\s\S]*\r\n\r\nbegun$/);
  });
});

describe('an invalid response is a 502', () => {
  test.for([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['an unexpected upgrade', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    [
      'a length with chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['an invalid status', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
  ] as const)('%s', async ([, bytes], { upstream, bob }) => {
    upstream.respondWith((incoming) => incoming.socket.write(bytes));
    const problem = await problemOf(await bob.request('/bank/accounts'));
    expect(problem).toEqual({ status: 502, code: 'bank_unreachable' });
  });
});

test('a 401 of the upstream is about the gateway: the user gets a 502 without its challenge or body', async ({
  upstream,
  bob,
}) => {
  upstream.respondWith((_incoming, outgoing) => {
    outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="bank"', 'x-bank-secret': '1' });
    outgoing.end('{"code":"assertion_invalid"}');
  });
  const response = await bob.request('/bank/accounts');
  expect(response.headers.get('www-authenticate')).toBeNull();
  expect(response.headers.get('x-bank-secret')).toBeNull();
  expect(await problemOf(response)).toEqual({ status: 502, code: 'bank_refused' });
});
