import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import {
  RawConnection,
  rawProblemOf,
  rawRequest,
  responseToEndlessBody,
  sendRaw,
} from '../../support/raw-http.ts';
import { type ExpectedRefusal, expectRefusal } from '../../support/refusal.ts';

const HEADER_MAX_BYTES = 4096;
const BODY_MAX_BYTES = 1000;

const test = gatewayTest({
  HEADER_MAX_BYTES: `${HEADER_MAX_BYTES}`,
  BODY_MAX_BYTES: `${BODY_MAX_BYTES}`,
  HEADERS_TIMEOUT_MS: '300',
  REQUEST_TIMEOUT_MS: '600',
})
  .extend(
    'refused',
    ({ gateway, upstream }) =>
      (bytes: string, problem: ExpectedRefusal): Promise<void> =>
        expectRefusal(
          { gateway, upstream },
          async () => rawProblemOf(await sendRaw(gateway.url, bytes)),
          problem,
        ),
  )
  /** A request with a valid token, so that only its form can be the reason for a refusal. */
  .extend(
    'good',
    ({ token }) =>
      (requestLine: string, ...lines: string[]): string =>
        rawRequest(requestLine, `Authorization: Bearer ${token}`, ...lines),
  );

const MALFORMED = { status: 400, code: 'request_malformed' };
const NOT_CANONICAL = { status: 400, code: 'path_invalid' };

describe('a request that is not unambiguous HTTP/1.1 is a 400 before any check', () => {
  test.for([
    ['random bytes', '\x00\x01\x02\x03\r\n\r\n'],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a request line without a version', 'GET /livez\r\n\r\n'],
    ['a version that does not exist', 'GET /livez HTTP/7.3\r\nHost: a\r\n\r\n'],
    ['an unknown method', rawRequest('GETT /livez')],
    ['a space before the colon of a header', rawRequest('GET /livez', 'X-Thing : 1')],
    ['a folded header', rawRequest('GET /livez', 'X-Thing: 1', ' 2')],
    ['a NUL in a header', rawRequest('GET /livez', 'X-Thing: a\x00b')],
    ['a lone CR in a header', rawRequest('GET /livez', 'X-Thing: a\rb')],
    ['a lone LF as line end', 'GET /livez HTTP/1.1\nHost: a\n\n'],
    ['a host with a path in it', 'GET /xxxx/session HTTP/1.1\r\nHost: 0/auth?\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ] as const)('%s', ([_what, bytes], { refused }) => refused(bytes, MALFORMED));
});

describe('ambiguous framing is a 400, even with a valid token', () => {
  test.for([
    ['two Content-Length that differ', ['Content-Length: 0', 'Content-Length: 5']],
    ['two Content-Length that agree', ['Content-Length: 5', 'Content-Length: 5']],
    ['a list of Content-Lengths', ['Content-Length: 5, 5']],
    ['a negative Content-Length', ['Content-Length: -1']],
    ['a signed Content-Length', ['Content-Length: +5']],
    ['a hexadecimal Content-Length', ['Content-Length: 0x5']],
    ['a Content-Length past 64 bits', ['Content-Length: 99999999999999999999999']],
    ['Content-Length with Transfer-Encoding', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['Transfer-Encoding with Content-Length', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['a Transfer-Encoding that is not chunked', ['Transfer-Encoding: identity']],
    ['a Transfer-Encoding before chunked', ['Transfer-Encoding: gzip, chunked']],
    ['an empty Transfer-Encoding', ['Transfer-Encoding:']],
    ['chunked not at the end', ['Transfer-Encoding: chunked, gzip']],
    ['chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['chunked with a vertical tab', ['Transfer-Encoding: \x0bchunked']],
  ] as const)('%s', ([_what, lines], { refused, good }) =>
    refused(`${good('POST /bank/accounts/1/transfers', ...lines)}0\r\n\r\n`, MALFORMED),
  );
});

describe('a request must have one valid host', () => {
  test.for([
    ['no Host', `GET /bank/accounts HTTP/1.1\r\nAuthorization: Bearer `],
    ['no Host in HTTP/1.0', `GET /bank/accounts HTTP/1.0\r\nAuthorization: Bearer `],
    ['two Hosts', `GET /bank/accounts HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer `],
    ['an empty Host', `GET /bank/accounts HTTP/1.1\r\nHost:\r\nAuthorization: Bearer `],
    ['a Host with a path', `GET /bank/accounts HTTP/1.1\r\nHost: a/b\r\nAuthorization: Bearer `],
    ['a Host with a user', `GET /bank/accounts HTTP/1.1\r\nHost: u@a\r\nAuthorization: Bearer `],
    ['a Host with a space', `GET /bank/accounts HTTP/1.1\r\nHost: a b\r\nAuthorization: Bearer `],
    ['a Host with a bad port', `GET /bank/accounts HTTP/1.1\r\nHost: a:99999\r\nAuthorization: Bearer `],
    ['a list of Hosts', `GET /bank/accounts HTTP/1.1\r\nHost: a, b\r\nAuthorization: Bearer `],
    ['an address in short form', `GET /bank/accounts HTTP/1.1\r\nHost: 127.1:80\r\nAuthorization: Bearer `],
    ['the same without a port', `GET /bank/accounts HTTP/1.1\r\nHost: 127.1\r\nAuthorization: Bearer `],
    [
      'a compressible IPv6 address',
      `GET /bank/accounts HTTP/1.1\r\nHost: [::0001]\r\nAuthorization: Bearer `,
    ],
  ] as const)('%s', ([_what, head], { refused, token }) => refused(`${head}${token}\r\n\r\n`, MALFORMED));
});

test.for([
  ['a bad Host', 'POST /livez HTTP/1.1\r\nHost: a/b\r\nContent-Length: 0\r\n\r\n'],
  ['two Hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  [
    'an unknown coding',
    'POST /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  ],
] as const)(
  'the connection is closed after %s, and the next request on it is not served',
  async ([_what, malformed], { gateway }) => {
    const connection = new RawConnection(gateway.url);
    connection.send(`${malformed}GET /livez HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(rawProblemOf(await connection.response())).toMatchObject(MALFORMED);
    await connection.untilClosed();
    expect(connection.rest).toBe('');
  },
);

describe('a target that is not in origin form is a 400', () => {
  test.for([
    ['the absolute form', 'GET http://gateway.test/bank/accounts', NOT_CANONICAL],
    ['an absolute form of another host', 'GET http://evil.test/bank/accounts', NOT_CANONICAL],
    ['an absolute form that is not a URL', 'GET http://[/bank', MALFORMED],
    ['the asterisk form', 'OPTIONS *', MALFORMED],
    ['a scheme-relative target', 'GET //evil.test/bank/accounts', NOT_CANONICAL],
  ] as const)('%s', ([_what, line, problem], { refused, good }) => refused(good(line), problem));
});

test.for(['gateway.test', 'Gateway.Test', 'a:80', 'a:8080', '127.0.0.1:8080', '[::1]', '[::1]:8080'])(
  'a request for host %s is accepted',
  async (host, { token, gateway }) => {
    const head = `GET /bank/accounts HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    expect((await sendRaw(gateway.url, head)).status).toBe(200);
  },
);

test.for(['/bank', '/bank/', '/bank?a=b'])(
  '%s is for the upstream and matches no rule',
  async (target, { refused, good }) => {
    await refused(good(`GET ${target}`), { status: 403, code: 'forbidden', redisCommands: 1 });
    await refused(rawRequest(`GET ${target}`), { status: 401, code: 'credential_missing' });
  },
);

test('CONNECT is refused with a problem, and the connection is closed', async ({ gateway, upstream }) => {
  const connection = new RawConnection(gateway.url);
  await expectRefusal(
    { gateway, upstream },
    async () => {
      connection.send(`CONNECT upstream.test:443 HTTP/1.1\r\nHost: upstream.test:443\r\n\r\n`);
      return rawProblemOf(await connection.response());
    },
    MALFORMED,
  );
  await connection.untilClosed();
});

test('a chunked body in HTTP/1.0 is a 400', ({ refused, token }) =>
  refused(
    `POST /bank/accounts/1/transfers HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    MALFORMED,
  ));

test('TRACE is forbidden and echoes nothing', ({ gateway, upstream, good, token }) =>
  expectRefusal(
    { gateway, upstream },
    async () => {
      const response = await sendRaw(gateway.url, good('TRACE /bank/accounts'));
      expect(response.body.toString()).not.toContain(token);
      return rawProblemOf(response);
    },
    { status: 403, code: 'forbidden', redisCommands: 1 },
  ));

test('an upgrade request is handled as a normal request and not forwarded to the upstream', async ({
  upstream,
  gateway,
  good,
  refused,
}) => {
  let heard: unknown;
  upstream.respondWith((incoming, outgoing) => {
    heard = [incoming.headers.upgrade, incoming.headers.connection];
    outgoing.end('plain');
  });
  const upgrade = [
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: websocket, h2c',
    'HTTP2-Settings: AAMAAABk',
  ];
  const response = await sendRaw(gateway.url, good('GET /bank/accounts', ...upgrade));
  expect([response.status, response.body.toString()]).toEqual([200, 'plain']);
  expect(heard).toEqual([undefined, 'keep-alive']);
  await refused(rawRequest('GET /bank/accounts', ...upgrade), { status: 401, code: 'credential_missing' });
});

describe('limits', () => {
  test('headers up to the limit are accepted, and one long or many short ones over it are a 431', async ({
    good,
    gateway,
    refused,
  }) => {
    const pad = (bytes: number): string => `X-Pad: ${'x'.repeat(bytes)}`;
    const fits = good(
      'GET /bank/accounts',
      pad(HEADER_MAX_BYTES - good('GET /bank/accounts', pad(0)).length - 100),
    );
    expect((await sendRaw(gateway.url, fits)).status).toBe(200);
    const problem = { status: 431, code: 'headers_too_large' };
    await refused(good('GET /bank/accounts', pad(HEADER_MAX_BYTES)), problem);
    await refused(
      good('GET /bank/accounts', ...Array.from({ length: 1000 }, (_, i) => `X-${i}: 1`)),
      problem,
    );
    await refused(good(`GET /bank/${'x'.repeat(HEADER_MAX_BYTES)}`), problem);
  });

  test('a declared length over the limit is a 413 before the token is checked', ({ refused }) =>
    refused(rawRequest('POST /bank/accounts/1/transfers', `Content-Length: ${BODY_MAX_BYTES + 1}`), {
      status: 413,
      code: 'body_too_large',
    }));

  test("a chunked body over the limit of the gateway's own routes is a 413, although the client keeps sending", async ({
    gateway,
  }) => {
    const head = rawRequest(
      'POST /auth/login',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    );
    expect(await responseToEndlessBody(gateway.url, head)).toEqual({ status: 413, code: 'body_too_large' });
  });

  test('headers that take too long are a 408', async ({ refused }) => {
    const startMs = performance.now();
    await refused('GET /bank/accounts HTTP/1.1\r\nHost: a\r\nX-', { status: 408, code: 'request_timeout' });
    expect(performance.now() - startMs).toBeLessThan(2500);
  });

  test('a body that takes too long is a 408, and the upstream never receives a complete request', async ({
    upstream,
    gateway,
    good,
  }) => {
    let whole = false;
    upstream.respondWith((incoming, outgoing) => {
      incoming.resume().on('end', () => {
        whole = true;
        outgoing.end();
      });
      incoming.on('error', () => {});
    });
    const response = await sendRaw(
      gateway.url,
      `${good('POST /bank/accounts/1/transfers', 'Content-Length: 10')}12345`,
    );
    expect(rawProblemOf(response)).toEqual({ status: 408, code: 'request_timeout' });
    expect(whole).toBe(false);
  });
});
