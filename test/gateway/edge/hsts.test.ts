import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { strictTransportOf } from '../../../src/gateway/security-headers.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { type RawResponse, rawRequest, sendRaw } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const WEB = new Map([
  ['/', { body: 'page', mediaType: 'text/html', cacheControl: 'no-cache', contentSecurityPolicy: '' }],
]);

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream();
  upstream.respondWith((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'strict-transport-security': 'max-age=0; includeSubDomains' }).end('{}');
  });
});
afterAll(() => upstream.close());

/** Requests whose responses are made in different places, with their status. */
const requests = (token: string): [number, string][] => {
  const user = `Authorization: Bearer ${token}`;
  const post = (path: string, body: string): string =>
    rawRequest(`POST ${path}`, user, 'Content-Type: application/json', `Content-Length: ${body.length}`) +
    body;
  return [
    [200, rawRequest('GET /')],
    [304, rawRequest('GET /', 'If-None-Match: *')],
    [200, rawRequest('GET /livez')],
    [200, rawRequest('GET /auth/session', user)],
    [404, rawRequest('GET /nothing')],
    [401, rawRequest('GET /auth/session')],
    [400, post('/auth/login', '{')],
    [200, rawRequest('GET /bank/accounts', user)],
    [200, post('/bank/accounts/1/transfers', '{}')],
    [403, rawRequest('GET /bank/nothing', user)],
    [401, rawRequest('GET /bank/accounts')],
    [400, rawRequest('GET /bank/../accounts', user)],
    [400, 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    [400, 'GET http://[/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    [400, 'GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n'],
  ];
};

async function responsesOf(
  gateway: TestGateway,
): Promise<[string, number, RawResponse['headers'][string]][]> {
  const responses: [string, number, string[]][] = [];
  for (const [, request] of requests(await gateway.login())) {
    const { status, headers } = await sendRaw(gateway.url, request);
    responses.push([request, status, headers['strict-transport-security'] ?? []]);
  }
  return responses;
}

describe('Strict-Transport-Security', () => {
  test.each([
    ['once with every response if the issuer is https', 'https://gate.example', ['max-age=600']],
    ['with no response if the issuer is http', 'http://127.0.0.1:8080', []],
  ])('Strict-Transport-Security is sent %s', async (_how, ISSUER, expected) => {
    const env = { ISSUER, HSTS_MAX_AGE_SECONDS: '600', BANK_URL: upstream.url };
    const gateway = await startTestGateway(env, undefined, { web: WEB });
    const responses = await responsesOf(gateway);
    const statuses = requests('').map(([status]) => status);
    expect(responses).toEqual(responses.map(([request], i) => [request, statuses[i], expected]));
    await gateway.close();
  });

  test('a max-age of 0 turns the header off', () => {
    const issuer = 'https://gate.example';
    expect(strictTransportOf({ issuer, hstsMaxAgeSeconds: 0 })).toBeUndefined();
    expect(strictTransportOf({ issuer, hstsMaxAgeSeconds: 1 })).toBe('max-age=1');
  });
});
