import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect } from 'vitest';
import { createClientHeaders } from '../../../src/gateway/proxy/response-headers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { RawConnection, rawRequest, sendRaw } from '../../support/raw-http.ts';

/** Nothing runs, is loaded, sent or framed. */
const INERT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const headersForClient = createClientHeaders({
  site: { origin: 'https://gate.example' },
  bankUrl: 'http://127.0.0.1:8081/',
  redirectOrigins: ['https://listed.example'],
});

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
      'set-cookie2': 'other=1',
      server: 'bank/1.0',
      'x-powered-by': 'bank',
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
    const named = { 'cache-control': 'max-age=60', connection: 'cache-control' };
    expect(headersForClient(named, { target: '/accounts', requestId: 'r' })).toEqual([
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

test('the upstream cannot allow other sites to read responses, or send the browser elsewhere', async ({
  headersAfter,
}) => {
  const headers = await headersAfter({
    'access-control-allow-origin': 'https://evil.test',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': '*',
    refresh: '0; url=https://evil.test',
  });
  expect(Object.keys(headers).filter((name) => /^(?:access-control-|refresh)/.test(name))).toEqual([]);
});

describe('a Location of the upstream', () => {
  const locationAfter = (location: string): string | undefined => {
    const sent = headersForClient({ location }, { target: '/accounts/1?page=2', requestId: 'r' });
    return sent.includes('location') ? sent[sent.indexOf('location') + 1] : undefined;
  };

  test.each([
    ['http://127.0.0.1:8081/accounts/2', 'https://gate.example/bank/accounts/2'],
    ['/accounts/2?page=1#top', 'https://gate.example/bank/accounts/2?page=1#top'],
    ['2', 'https://gate.example/bank/accounts/2'],
    ['/../../admin', 'https://gate.example/bank/admin'],
    ['//127.0.0.1:8081/x', 'https://gate.example/bank/x'],
  ])('at its own origin, %s, becomes the public one, %s', (location, expected) => {
    expect(locationAfter(location)).toBe(expected);
  });

  test('at a listed origin is passed on', () => {
    expect(locationAfter('https://listed.example/help')).toBe('https://listed.example/help');
  });

  test.each([
    'https://evil.test/',
    '//evil.test/',
    'http://127.0.0.1:8082/',
    'https://127.0.0.1:8081/',
    'javascript:alert(1)',
    'http://[',
    '\\\\evil.test',
  ])('at another origin, %s, is dropped', (location) => {
    expect(locationAfter(location)).toBeUndefined();
  });

  test('is translated in the response to the client', async ({ upstream, headersAfter, gateway }) => {
    const { location } = await headersAfter({ location: `${upstream.url}/accounts/2` });
    expect(location).toEqual([`${gateway.settings.issuer}/bank/accounts/2`]);
  });
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
