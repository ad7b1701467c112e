import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SCENARIOS } from '../openapi/scenarios.ts';
import { type Scene, startScene } from '../openapi/scene.ts';
import { DocumentedApi, type FullResponse } from '../support/documented-api.ts';
import { type Call, callOperation, targetOf } from '../support/documented-calls.ts';
import { bearer } from '../support/gateway.ts';
import { RawConnection } from '../support/raw-http.ts';

const GET_OPERATIONS = Object.keys(SCENARIOS).filter((id) => /^(?:get|list|read|search|stream)/.test(id));
/** Hosts are case-insensitive (RFC 9110, section 4.2.3). */
const HOSTS = ['gateway.test', 'GATEWAY.test'];
const PAGE = {
  body: '<!doctype html><title>Portcullis</title>',
  mediaType: 'text/html',
  cacheControl: 'no-cache',
  contentSecurityPolicy: "default-src 'none'",
};

let scene: Scene;
let api: DocumentedApi;
beforeAll(async () => {
  scene = await startScene({}, { web: new Map([['/', PAGE]]) });
  api = await DocumentedApi.of(scene.stack.url);
});
afterAll(() => scene.close());

const toConsole = vi.spyOn(console, 'error').mockReturnValue();
const toStderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
afterEach(() => {
  toConsole.mockClear();
  toStderr.mockClear();
});
afterAll(() => {
  toConsole.mockRestore();
  toStderr.mockRestore();
});

/** The response to HEAD, with everything after its headers as the body. */
async function head(target: string, host: string, { token, headers }: Call = {}): Promise<FullResponse> {
  const connection = new RawConnection(scene.stack.url);
  const fields = { host, connection: 'close', ...(token === undefined ? {} : bearer(token)), ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.send(`HEAD ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const response = await connection.response({ toHead: true });
  await connection.untilClosed();
  return {
    status: response.status,
    contentType: response.headers['content-type']?.join() ?? null,
    cacheControl: response.headers['cache-control']?.join() ?? null,
    nosniff: response.headers['x-content-type-options']?.join() ?? null,
    contentSecurityPolicy: response.headers['content-security-policy']?.join() ?? null,
    body: connection.rest,
  };
}

function expectNothingOnStderr(): void {
  expect(toConsole.mock.calls).toEqual([]);
  expect(toStderr.mock.calls).toEqual([]);
}

test('every documented GET operation is tested here', () => {
  const ids = api.operations.filter(({ method }) => method === 'get').map((one) => one.operation.operationId);
  expect(GET_OPERATIONS.sort()).toEqual(ids.sort());
});

describe.each(HOSTS)('HEAD with the host %s', (host) => {
  test.each(GET_OPERATIONS)(
    'gets the status and headers of %s without a body, and nothing is written to stderr',
    async (id) => {
      const { good, bad, code } = SCENARIOS[id] ?? {};
      const operation = api.get(id);
      // The method of a request with oversized headers is unknown, and the connection closes.
      for (const callFor of code === 'headers_too_large' ? [good] : [good, bad]) {
        const call = (await callFor?.(scene)) ?? {};
        const { body: _, ...expected } = await callOperation(scene.stack.url, operation, call);
        expect(await head(targetOf(operation, call), host, call)).toEqual({ ...expected, body: '' });
      }
      expectNothingOnStderr();
    },
  );

  test.each([
    ['/', 200, 'text/html'],
    ['/nothing', 404, 'application/problem+json'],
    ['/auth/login', 404, 'application/problem+json'],
    ['/bank/nothing', 401, 'application/problem+json'],
  ])(
    'gets %s as %i %s without a body, and nothing is written to stderr',
    async (path, status, contentType) => {
      expect(await head(path, host)).toMatchObject({ status, contentType, body: '' });
      expectNothingOnStderr();
    },
  );
});
