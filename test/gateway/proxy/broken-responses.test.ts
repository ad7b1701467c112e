import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let token = '';
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startTestGateway({
    BANK_URL: upstream.url,
    BANK_IDLE_TIMEOUT_MS: '300',
  });
  token = await gateway.login();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const get = (): Promise<Response> => fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });

describe('a truncated response is never presented as complete', () => {
  const cut = async (
    head: Record<string, string>,
    end: (outgoing: ServerResponse) => void,
  ): Promise<string> => {
    upstream.answerWith((_incoming, outgoing) => {
      outgoing.writeHead(200, head);
      outgoing.write('begun', () => end(outgoing));
    });
    const authorization = `Authorization: Bearer ${token}`;
    const connection = new RawConnection(gateway.url).send(rawRequest('GET /bank/accounts', authorization));
    await connection.untilClosed();
    return connection.rest;
  };

  test.each<[string, (outgoing: ServerResponse) => void]>([
    ['hangs up', (outgoing) => outgoing.destroy()],
    ['resets the connection', (outgoing) => outgoing.socket?.resetAndDestroy()],
    ['falls silent', () => {}],
    ['talks nonsense', (outgoing) => outgoing.socket?.write('no chunk\r\n')],
  ])('when the upstream %s midway', async (_what, end) => {
    expect(await cut({}, end)).toMatch(/\r\n5\r\nbegun\r\n$/);
  });

  test('when the upstream closes the connection before the declared length', async () => {
    const received = await cut({ 'content-length': '10' }, (outgoing) => outgoing.destroy());
    expect(received).toMatch(/content-length: 10\r\n[\s\S]*\r\n\r\nbegun$/);
  });
});

describe('an invalid response is a 502', () => {
  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    [
      'a length with chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['a status that is none', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
  ])('%s', async (_what, bytes) => {
    upstream.answerWith((incoming) => incoming.socket.write(bytes));
    expect(await problemOf(await get())).toEqual({ status: 502, code: 'bank_unreachable' });
  });
});

test('a 401 of the upstream is about the gateway: the user gets a 502 without its challenge or body', async () => {
  upstream.answerWith((_incoming, outgoing) => {
    outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="bank"', 'x-bank-secret': '1' });
    outgoing.end('{"code":"assertion_invalid"}');
  });
  const answer = await get();
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(answer.headers.get('x-bank-secret')).toBeNull();
  expect(await problemOf(answer)).toEqual({ status: 502, code: 'bank_refused' });
});
