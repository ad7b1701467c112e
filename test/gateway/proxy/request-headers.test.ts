import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import {
  createUpstreamHeaders,
  FORWARDED_FROM_CLIENT,
  type GatewayHeaderValues,
} from '../../../src/gateway/proxy/request-headers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { type RawResponse, rawRequest, sendRaw } from '../../support/raw-http.ts';

const test = gatewayTest({ FORWARD_HEADERS: 'X-Thing, x-other,X-Third' }).extend(
  'send',
  ({ gateway, token }) =>
    async (...lines: string[]): Promise<RawResponse> => {
      const response = await sendRaw(
        gateway.url,
        rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`, ...lines),
      );
      expect(response.status).toBe(200);
      return response;
    },
);

/** The headers that the upstream received, in order, with names in lower case. */
let arrived: [string, string][] = [];
let trailers: string[] = [];
test.beforeEach(({ upstream }) => {
  upstream.respondWith((incoming, outgoing) => {
    arrived = pairs(incoming.rawHeaders);
    incoming.resume().on('end', () => {
      trailers = incoming.rawTrailers;
      outgoing.end();
    });
  });
});

const pairs = (flat: readonly string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i]?.toLowerCase() ?? '',
    flat[2 * i + 1] ?? '',
  ]);
const valuesOf = (name: string): string[] =>
  arrived.filter(([present]) => present === name).map(([, value]) => value);

/** Headers that only the gateway may send, and look-alikes. */
const OWN = [
  'authorization',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'traceparent',
];

const FORGERIES = [
  'Cookie: session=1',
  'Forwarded: for=6.6.6.6',
  'X-Forwarded-For: 6.6.6.6',
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Proto: gopher',
  'X-Forwarded-Port: 666',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-User: root',
  'X-Forwarded: for=6.6.6.6',
  'X-Auth-User: root',
  'X-Auth-Request-Email: root@bank.test',
  'X-Authenticated-User: root',
  'X-Remote-User: root',
  'Remote-User: root',
  'X-Real-IP: 6.6.6.6',
  'X-Client-IP: 6.6.6.6',
  'Client-IP: 6.6.6.6',
  'True-Client-IP: 6.6.6.6',
  'X-Cluster-Client-IP: 6.6.6.6',
  'X-Request-Id: forged',
  'X-HTTP-Method-Override: DELETE',
  'X-HTTP-Method: DELETE',
  'X-Method-Override: DELETE',
  'X-Original-URL: /admin',
  'X-Rewrite-URL: /admin',
  'X_Forwarded_For: 6.6.6.6',
  'X_Auth_User: root',
  'x-forwarded_for: 6.6.6.6',
  'X.Auth.User: root',
  'X-User: root',
  'X-User-Id: root',
  'X-Username: root',
  'X-Role: super-admin',
  'X-Roles: super-admin',
  'X-Consumer-Id: root',
  'X-Portcullis-Sub: root',
  'X-SSL-Client-Cert: forged',
  'SSL-Client-Verify: SUCCESS',
  'Client-Cert: :Zm9yZ2Vk:',
  'Client-Cert-Chain: :Zm9yZ2Vk:',
  'X-Client-DN: CN=root',
  'X-Goog-Authenticated-User-Email: root@bank.test',
  'X-MS-CLIENT-PRINCIPAL-NAME: root',
  'X-Amzn-Oidc-Identity: root',
  'CF-Connecting-IP: 6.6.6.6',
  'Fastly-Client-IP: 6.6.6.6',
  'X-True-Client-IP: 6.6.6.6',
  'X-Envoy-External-Address: 6.6.6.6',
  'X-Host: evil.test',
  'X-URL: /admin',
  'X-Scheme: gopher',
  'X-Middleware-Subrequest: middleware',
  'Impersonate-User: root',
  'X-JWT-Assertion: forged',
  'Via: 1.1 evil.test',
  'Early-Data: 1',
  'Origin: http://evil.test',
  'Proxy: http://evil.test',
  'Proxy-Authorization: Basic eDp5',
];

describe('the upstream receives', () => {
  test("the client's allowed headers and the gateway's own, and nothing else", async ({ send, upstream }) => {
    await send('Accept: text/html', 'X-Thing: 1', 'x-thing: 2', 'Idempotency-Key: k', ...FORGERIES);
    expect(arrived).toEqual([
      ['host', new URL(upstream.url).host],
      ['connection', 'keep-alive'],
      ['accept', 'text/html'],
      ['x-thing', '1'],
      ['x-thing', '2'],
      ['idempotency-key', 'k'],
      ['authorization', expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', '127.0.0.1:8080'],
      ['x-request-id', expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ['traceparent', expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)],
    ]);
  });

  test.for(FORGERIES)('never holds the forged header %s, alone or in capitals', async (line, { send }) => {
    const [name = '', value = ''] = line.split(': ');
    for (const spelling of [name, name.toUpperCase()]) {
      await send(`${spelling}: ${value}`);
      expect(arrived.map(([present]) => present).sort()).toEqual(['connection', 'host', ...OWN].sort());
      expect(arrived.map(([, present]) => present)).not.toContain(value);
    }
  });

  test('each standard header once and unchanged', async ({ send }) => {
    const names = FORWARDED_FROM_CLIENT.filter((name) => name !== 'content-length');
    await send(...names.map((name, index) => `${name}: value-${index}`));
    expect(names.map((name) => valuesOf(name))).toEqual(names.map((_name, index) => [`value-${index}`]));
  });

  test('no hop-by-hop headers', async ({ send }) => {
    await send('Keep-Alive: timeout=5', 'TE: trailers', 'Proxy-Connection: x', 'Upgrade: h2c', 'Trailer: x');
    expect(arrived.map(([name]) => name).sort()).toEqual(['connection', 'host', ...OWN].sort());
  });

  test("no headers that Connection names, on any number of lines, except the gateway's own", async ({
    send,
  }) => {
    await send(
      `Connection: close, X-Thing , ${OWN.join(', ')}`,
      'Connection: x-other',
      'X-Thing: 1',
      'X-Other: 1',
      'X-Third: 1',
    );
    expect(valuesOf('x-thing')).toEqual([]);
    expect(valuesOf('x-other')).toEqual([]);
    expect(valuesOf('x-third')).toEqual(['1']);
    for (const name of OWN) expect(valuesOf(name), name).toHaveLength(1);
  });

  test('no trailers', async ({ token, gateway }) => {
    const head = rawRequest(
      'POST /bank/accounts/1/transfers',
      `Authorization: Bearer ${token}`,
      'Transfer-Encoding: chunked',
      'Trailer: Authorization, X-Forwarded-For',
    );
    const body = '1\r\nx\r\n0\r\nAuthorization: Bearer forged\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
    expect((await sendRaw(gateway.url, head + body)).status).toBe(200);
    expect(trailers).toEqual([]);
  });

  test("neither the user's token nor its cookie", async ({ send, token, gateway }) => {
    await send();
    expect(JSON.stringify(arrived)).not.toContain(token);
    await sendRaw(gateway.url, rawRequest('GET /bank/accounts', `Cookie: portcullis=${token}; other=1`));
    expect(valuesOf('authorization')).toHaveLength(1);
    expect(valuesOf('cookie')).toEqual([]);
    expect(JSON.stringify(arrived)).not.toContain(token);
  });
});

const FACTS: GatewayHeaderValues = {
  assertion: 'a.b.c',
  clientAddress: '192.0.2.1',
  requestId: 'r',
  trace: {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    upstreamSpanId: '00f067aa0ba902b7',
    parentId: undefined,
    isSampled: true,
    state: undefined,
  },
};
const headersForUpstream = createUpstreamHeaders({ protocol: 'https', host: 'gate.example' }, []);

/** Names headers like a CGI service (RFC 3875, section 4.1.18), with all other punctuation replaced too. */
const folded = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '_');

test('whatever a client sends, a service that normalizes names finds each of the gateway’s headers once and unchanged', () => {
  const respelled = fc
    .tuple(
      fc.constantFrom(...OWN, 'tracestate', 'forwarded', 'cookie', 'x-auth-user'),
      fc.array(fc.constantFrom('-', '_', '.', '~')),
    )
    .map(([name, punctuation]) => {
      let i = 0;
      return name.replace(/-/g, () => punctuation[i++] ?? '-');
    });
  const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
  const header = fc.tuple(
    fc.oneof(respelled, name),
    fc.constantFrom('forged', 'x-forwarded-for, authorization'),
  );
  fc.assert(
    fc.property(fc.array(header), fc.option(fc.array(fc.oneof(respelled, name))), (headers, named) => {
      const incoming = new IncomingMessage(new Socket());
      incoming.rawHeaders = [...headers.flat(), ...(named ? ['Connection', named.join(',')] : [])];
      incoming.headers = named ? { connection: named.join(',') } : {};
      const sent = pairs(headersForUpstream(incoming, FACTS));
      const said = (name: string): string[] =>
        sent.filter(([present]) => folded(present) === folded(name)).map(([, value]) => value);
      expect(said('authorization')).toEqual(['Bearer a.b.c']);
      expect(said('x-forwarded-for')).toEqual(['192.0.2.1']);
      expect(said('x-forwarded-proto')).toEqual(['https']);
      expect(said('x-request-id')).toEqual(['r']);
      expect(said('x-forwarded-host')).toEqual(['gate.example']);
      expect(said('traceparent')).toEqual(['00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01']);
      for (const name of ['tracestate', 'forwarded', 'cookie', 'x-auth-user']) expect(said(name)).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});
