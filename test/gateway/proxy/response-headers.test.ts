import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect } from 'vitest';
import { headersForClient } from '../../../src/gateway/proxy/headers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { RawConnection, rawRequest, sendRaw } from '../../support/raw-http.ts';

/** Nothing runs, is loaded, sent or framed. */
const INERT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const test = gatewayTest()
  .extend(
    'accounts',
    ({ token }) =>
      (): string =>
        rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`),
  )
  .extend(
    'headersAfter',
    ({ upstream, gateway, accounts }) =>
      async (headers: OutgoingHttpHeaders): Promise<Record<string, string[]>> => {
        upstream.respondWith((_incoming, outgoing) => outgoing.writeHead(200, headers).end('{}'));
        return (await sendRaw(gateway.url, accounts())).headers;
      },
  );

describe('the client receives', () => {
  test('the headers of the upstream, except those for the next hop or the gateway', async ({
    headersAfter,
  }) => {
    const headers = await headersAfter({
      'content-type': 'application/json',
      'content-length': 2,
      etag: '"1"',
      link: ['</a>', '</b>'],
      'set-cookie': ['portcullis=forged', 'other=1'],
      'www-authenticate': 'Basic realm="bank"',
      'proxy-authenticate': 'Basic',
      'keep-alive': 'timeout=1',
      upgrade: 'h2c',
      connection: 'close, x-hop',
      'x-hop': '1',
    });
    expect(headers).toEqual({
      'content-security-policy': [INERT],
      'content-type': ['application/json'],
      'content-length': ['2'],
      etag: ['"1"'],
      link: ['</a>', '</b>'],
      date: [expect.any(String)],
      'cache-control': ['no-store'],
      'x-content-type-options': ['nosniff'],
      'x-request-id': [expect.stringMatching(/^[0-9a-f-]{36}$/)],
      connection: ['keep-alive'],
      'keep-alive': ['timeout=65'],
    });
  });

  test("the gateway's own headers once, with the request id that the upstream got", async ({
    upstream,
    gateway,
    accounts,
  }) => {
    let given: unknown;
    upstream.respondWith((incoming, outgoing) => {
      given = incoming.headers['x-request-id'];
      outgoing.setHeader('x-request-id', 'forged');
      outgoing.setHeader('x-content-type-options', 'sniff');
      outgoing.end();
    });
    const { headers } = await sendRaw(gateway.url, accounts());
    expect(headers['x-request-id']).toEqual([given]);
    expect(headers['x-content-type-options']).toEqual(['nosniff']);
  });

  test('cacheable responses only if the upstream says so', async ({ headersAfter }) => {
    expect((await headersAfter({ 'cache-control': 'max-age=60' }))['cache-control']).toEqual(['max-age=60']);
    expect((await headersAfter({}))['cache-control']).toEqual(['no-store']);
    expect(headersForClient({ 'cache-control': 'max-age=60', connection: 'cache-control' }, 'r')).toEqual([
      ...['cache-control', 'no-store'],
      ...['content-security-policy', INERT],
      ...['x-content-type-options', 'nosniff'],
      ...['x-request-id', 'r'],
    ]);
  });
});

test('an upstream document is inert in a browser, whatever headers the upstream sends', async ({
  upstream,
  gateway,
  accounts,
}) => {
  upstream.respondWith((_incoming, outgoing) =>
    outgoing.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': 'script-src *' }).end(),
  );
  const { headers } = await sendRaw(gateway.url, accounts());
  expect(headers['content-security-policy']).toEqual(['script-src *', INERT]);
});

test('the upstream cannot send headers that browsers apply to the whole site', async ({
  upstream,
  gateway,
  accounts,
}) => {
  const forTheSite = {
    'alt-svc': 'h3="evil.test:443"',
    'clear-site-data': '"*"',
    nel: '{"report_to":"x","max_age":86400}',
    'report-to': '{"group":"x","max_age":86400,"endpoints":[{"url":"https://evil.test"}]}',
    'service-worker-allowed': '/',
    'strict-transport-security': 'max-age=0',
  };
  upstream.respondWith((_incoming, outgoing) => outgoing.writeHead(200, forTheSite).end('{}'));
  const { headers } = await sendRaw(gateway.url, accounts());
  expect(Object.keys(forTheSite).filter((name) => name in headers)).toEqual([]);
});

test('each request on one connection has its own id', async ({ gateway, accounts }) => {
  const connection = new RawConnection(gateway.url);
  const ids = new Set<string>();
  for (let i = 0; i < 3; i += 1) {
    connection.send(accounts());
    ids.add((await connection.response()).headers['x-request-id']?.[0] ?? '');
  }
  expect(ids.size).toBe(3);
  connection.destroy();
});
