import { decodeJwt } from 'jose';
import { afterEach, describe, expect } from 'vitest';
import { addressRanges } from '../../src/config/fields.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, type TestGateway } from '../support/gateway.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { until } from '../support/until.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CONTEXT = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=keep' };

/** The headers of the last request at the upstream. */
let arrived: Record<string, string | string[] | undefined> = {};
const test = gatewayTest({ FORWARD_HEADERS: 'traceparent,tracestate' });
test.beforeEach(({ upstream }) =>
  upstream.respondWith((incoming, outgoing) => {
    arrived = incoming.headers;
    outgoing.writeHead(200, { traceresponse: CONTEXT.traceparent, tracestate: 'internal=1' });
    outgoing.end('{}');
  }),
);

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.close();
});

/** Sends a request with a client's trace context to another gateway with these settings. */
async function sendTraced(
  { settings }: TestGateway,
  token: string,
  changed: Partial<TestGateway['settings']>,
  headers: Record<string, string> = CONTEXT,
): Promise<{ response: Response; lines: Record<string, unknown>[] }> {
  const { log, lines } = recordedLog();
  const gateway = await startGateway({
    settings: { ...settings, ...changed, gatewayPort: 0, healthPort: 0 },
    log,
  });
  running.push(gateway);
  const response = await fetch(`${gateway.url}/bank/accounts`, { headers: { ...headers, ...bearer(token) } });
  await response.text();
  return { response, lines };
}

const partsOf = (traceparent: unknown): string[] => String(traceparent).split('-');

describe('what is used of a client’s trace context', () => {
  test('is by default its trace id alone: neither its sampled flag nor its tracestate', async ({
    gateway,
    token,
  }) => {
    await sendTraced(gateway, token, {});
    expect(arrived.traceparent).toBe(`00-${TRACE}-${SPAN}-00`);
    expect(arrived.tracestate).toBeUndefined();
  });

  test('is nothing with TRACE_CONTEXT_TRUST=never', async ({ gateway, token }) => {
    await sendTraced(gateway, token, { traceContextTrust: 'never' });
    const [version, traceId, , flags] = partsOf(arrived.traceparent);
    expect([version, flags]).toEqual(['00', '00']);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
    expect(arrived.tracestate).toBeUndefined();
  });

  test('is all of it with TRACE_CONTEXT_TRUST=always', async ({ gateway, token }) => {
    await sendTraced(gateway, token, { traceContextTrust: 'always' });
    expect(arrived.traceparent).toBe(CONTEXT.traceparent);
    expect(arrived.tracestate).toBe(CONTEXT.tracestate);
  });

  test('is all of it from a trusted proxy and nothing of others with TRACE_CONTEXT_TRUST=proxies', async ({
    gateway,
    token,
  }) => {
    const { trustedProxies } = gateway.settings;
    expect(trustedProxies).toEqual([]);
    await sendTraced(gateway, token, { traceContextTrust: 'proxies' });
    expect(partsOf(arrived.traceparent)[1]).not.toBe(TRACE);
    const loopback = addressRanges().parse('127.0.0.1');
    await sendTraced(gateway, token, { traceContextTrust: 'proxies', trustedProxies: loopback });
    expect(arrived.traceparent).toBe(CONTEXT.traceparent);
    expect(arrived.tracestate).toBe(CONTEXT.tracestate);
  });

  test('is nothing if the traceparent is invalid', async ({ gateway, token }) => {
    const traceparent = `00-${'0'.repeat(32)}-${SPAN}-01`;
    await sendTraced(gateway, token, { traceContextTrust: 'always' }, { ...CONTEXT, traceparent });
    expect(String(arrived.traceparent)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(arrived.traceparent).not.toContain('0'.repeat(32));
    expect(arrived.tracestate).toBeUndefined();
  });

  test('is never in the assertion', async ({ gateway, token }) => {
    await sendTraced(gateway, token, { traceContextTrust: 'always' });
    const claims = decodeJwt(String(arrived.authorization).replace('Bearer ', ''));
    expect(JSON.stringify(claims)).not.toContain(TRACE);
  });
});

test('the upstream’s trace headers do not reach the client', async ({ gateway, token }) => {
  const { response } = await sendTraced(gateway, token, {});
  expect(response.status).toBe(200);
  expect(response.headers.get('traceresponse')).toBeNull();
  expect(response.headers.get('tracestate')).toBeNull();
});

describe('the log lines of a request', () => {
  test('are one of its decision and one of its end, with the trace id', async ({ gateway, token }) => {
    const { response, lines } = await sendTraced(gateway, token, {});
    const requestId = response.headers.get('x-request-id');
    await until(() => lines.some(({ event }) => event === 'request_completed'));
    const own = lines.filter((line) => line.requestId === requestId);
    expect(own.map(({ granted, event }) => granted ?? event)).toEqual([true, 'request_completed']);
    expect(own.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE]);
    expect(own[1]).toMatchObject({ status: 200, upstreamStatus: 200, upstreamBytes: 2, isComplete: true });
    for (const name of ['latencyMs', 'signatureMs', 'whitelistMs', 'upstreamMs'])
      expect(own[1]?.[name], name).toBeGreaterThanOrEqual(0);
  });

  test('of a refused request are its decision alone, with the latency', async ({ gateway }) => {
    const { response, lines } = await sendTraced(gateway, 'no-token', {});
    expect(response.status).toBe(401);
    const own = lines.filter(({ traceId }) => traceId === TRACE);
    expect(own).toMatchObject([{ granted: false, status: 401, latencyMs: expect.any(Number) }]);
  });
});
