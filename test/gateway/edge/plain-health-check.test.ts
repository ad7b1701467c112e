import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { rawProblemOf, sendRaw } from '../../support/raw-http.ts';

const test = gatewayTest();

describe('without a Host, the public listener', () => {
  test.for([
    'OPTIONS / HTTP/1.0',
    'OPTIONS /readyz HTTP/1.0',
    'GET /readyz HTTP/1.0',
    'GET /livez HTTP/1.0',
    'HEAD /readyz HTTP/1.0',
  ])('responds to the health check %s of a load balancer', async (line, { gateway }) => {
    const { status } = await sendRaw(gateway.url, `${line}\r\n\r\n`);
    expect(status).toBe(200);
  });

  test.for([
    'GET / HTTP/1.0',
    'GET /bank/accounts HTTP/1.0',
    'GET /auth/session HTTP/1.0',
    'OPTIONS /bank/accounts HTTP/1.0',
    'GET /readyz/ HTTP/1.0',
    'GET /readyz?x HTTP/1.0',
    'GET //readyz HTTP/1.0',
    'POST /readyz HTTP/1.0',
    'GET http://evil.test/readyz HTTP/1.0',
    'GET /readyz HTTP/1.1',
    'GET /readyz HTTP/0.9',
  ])('refuses %s', async (line, { gateway, token, upstream }) => {
    const before = upstream.count;
    const response = await sendRaw(gateway.url, `${line}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    expect(rawProblemOf(response)).toEqual({ status: 400, code: 'request_malformed' });
    expect(upstream.count).toBe(before);
  });

  test('refuses a health check with a body or an invalid Host', async ({ gateway }) => {
    for (const more of ['Content-Length: 2\r\n\r\nhi', 'Host: \r\n\r\n', 'Host: a\r\nHost: b\r\n\r\n']) {
      const response = await sendRaw(gateway.url, `GET /readyz HTTP/1.0\r\n${more}`);
      expect(rawProblemOf(response), more).toEqual({ status: 400, code: 'request_malformed' });
    }
  });
});
