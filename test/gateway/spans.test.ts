import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { startGateway } from '../../src/gateway/server.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, problemOf, type TestGateway } from '../support/gateway.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { type ReceivedSpan, type SpanCollector, startSpanCollector } from '../support/span-collector.ts';
import { until } from '../support/until.ts';

/** Times are made of two clocks, and rounded. */
const ROUNDING_MS = 2;

const test = gatewayTest();

const SPAN = 'b7ad6b7169203331';
let traces = 0;
/** A trace of its own for each request. */
const newTrace = (): string => {
  traces += 1;
  return `0af7651916cd43dd8448eb21${traces.toString(16).padStart(8, '0')}`;
};

let collector: SpanCollector;
const running: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  collector = await startSpanCollector();
});
afterEach(async () => {
  for (const part of [...running.splice(0), collector]) await part.close();
});

interface Traced {
  url: string;
  lines: Record<string, unknown>[];
  close(): Promise<void>;
}

/** Starts a gateway that exports its spans at once. */
async function startTraced(
  { settings }: TestGateway,
  changed: Partial<TestGateway['settings']> = {},
): Promise<Traced> {
  const { log, lines } = recordedLog();
  const traced = {
    ...settings,
    gatewayPort: 0,
    healthPort: 0,
    otelExporterOtlpEndpoint: collector.url,
    otelBspScheduleDelay: 10,
    ...changed,
  };
  const gateway = await startGateway({ settings: traced, log });
  running.push(gateway);
  return { url: gateway.url, lines, close: () => gateway.close() };
}

/** Sends a request as part of a new trace. */
async function sendTraced(url: string, headers: Record<string, string>, init: RequestInit = {}) {
  const traceId = newTrace();
  const context = { traceparent: `00-${traceId}-${SPAN}-00` };
  const response = await fetch(url, { ...init, headers: { ...context, ...headers } });
  return { traceId, response };
}

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const [span, ...more] = spans.filter((one) => one.name === name);
  if (span === undefined || more.length > 0) throw new Error(`${1 + more.length} spans are named ${name}`);
  return span;
};

describe('the spans of a request', () => {
  test('are one of the server below the client’s, and one for each stage below it', async ({
    gateway,
    upstream,
    token,
  }) => {
    let traceparent: unknown;
    upstream.respondWith((incoming, outgoing) => {
      traceparent = incoming.headers.traceparent;
      outgoing.end('{}');
    });
    const { url } = await startTraced(gateway);
    // A request that waits for a connection is judged again.
    await sendTraced(`${url}/bank/accounts`, bearer(token));
    const { traceId, response } = await sendTraced(
      `${url}/bank/accounts/secret-account-7?q=secret`,
      bearer(token),
    );
    const spans = await collector.trace(traceId);
    const server = named(spans, 'GET /bank/accounts/*');
    expect(server).toMatchObject({ kind: 2, parentSpanId: SPAN, status: 0 });
    expect(server.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/bank/accounts/*',
      'http.response.status_code': 200,
      'portcullis.granted': true,
      'portcullis.request_id': response.headers.get('x-request-id'),
    });
    for (const name of ['signature', 'whitelist', 'upstream']) {
      const stage = named(spans, name);
      expect(stage.parentSpanId, name).toBe(server.spanId);
      expect(stage.startMs).toBeGreaterThanOrEqual(server.startMs - ROUNDING_MS);
      expect(stage.endMs).toBeLessThanOrEqual(server.endMs + ROUNDING_MS);
      expect(stage.endMs).toBeGreaterThanOrEqual(stage.startMs);
    }
    const sent = named(spans, 'upstream');
    expect(sent).toMatchObject({ kind: 3, attributes: { 'http.response.status_code': 200 } });
    expect(traceparent).toBe(`00-${traceId}-${sent.spanId}-01`);
    expect(Math.abs(server.startMs - Date.now())).toBeLessThan(60_000);
    expect(collector.resource['service.name']).toBe('portcullis-gateway');
  });

  test('of a refused request have the reason, and no upstream', async ({ gateway, upstream }) => {
    const { url } = await startTraced(gateway);
    const before = upstream.count;
    const { traceId, response } = await sendTraced(`${url}/bank/accounts`, {});
    expect(await problemOf(response)).toEqual({ status: 401, code: 'credential_missing' });
    expect(upstream.count).toBe(before);
    const spans = await collector.trace(traceId);
    expect(spans.map(({ name, status }) => [name, status])).toEqual([['GET', 0]]);
    expect(spans[0]?.attributes).toMatchObject({
      'portcullis.granted': false,
      'portcullis.refusal.reason': 'credential_missing',
      'http.response.status_code': 401,
    });
  });

  test('are errors if the upstream cannot be reached', async ({ gateway, token }) => {
    const { url } = await startTraced(gateway, { bankUrl: 'http://127.0.0.1:1' });
    const { traceId, response } = await sendTraced(`${url}/bank/accounts`, bearer(token));
    expect(response.status).toBe(502);
    const server = named(await collector.trace(traceId), 'GET /bank/accounts');
    expect(server.status).toBe(2);
    expect(server.attributes).toMatchObject({
      'error.type': 'bank_unreachable',
      'portcullis.refusal.reason': 'bank_unreachable',
    });
  });

  test('of one of the gateway’s own routes are named by its pattern', async ({ gateway, token }) => {
    const { url } = await startTraced(gateway);
    const { traceId } = await sendTraced(`${url}/auth/session/data/secret-key`, bearer(token));
    named(await collector.trace(traceId), 'GET /auth/session/data/:key');
  });

  test('do not exist for health checks and for what is not sampled', async ({ gateway, token }) => {
    const { url } = await startTraced(gateway, { traceSampleRatio: 0 });
    await sendTraced(`${url}/readyz`, {});
    await sendTraced(`${url}/bank/accounts`, bearer(token));
    await running.pop()?.close();
    expect(collector.exports).toBe(0);
  });
});

test('whose spans are recorded is not decided by a stranger', async ({ gateway, upstream, token }) => {
  const flags = new Set<unknown>();
  upstream.respondWith((incoming, outgoing) => {
    flags.add(String(incoming.headers.traceparent).slice(-2));
    outgoing.end('{}');
  });
  const { url } = await startTraced(gateway, { traceSampleRatio: 0.5 });
  const traceparent = `00-${newTrace()}-${SPAN}-01`;
  await until(async () => {
    await fetch(`${url}/bank/accounts`, { headers: { ...bearer(token), traceparent } });
    return flags.size === 2;
  });
});

test('no token, user, address, path or header is in what is exported', async ({ gateway, token }) => {
  const { url } = await startTraced(gateway);
  const user = gateway.users.find(({ username }) => username === 'bob');
  const secrets = ['secret-account', 'secret-query', 'secret-agent', 'secret-data', '127.0.0.9'];
  const headers = {
    ...bearer(token),
    'user-agent': 'secret-agent',
    'x-forwarded-for': '127.0.0.9',
    'x-thing': 'secret-data',
  };
  const sent = [
    await sendTraced(`${url}/bank/accounts/secret-account?q=secret-query`, headers),
    await sendTraced(`${url}/bank/accounts/secret-account/secret-query`, headers),
    await sendTraced(`${url}/auth/session/data/secret-data`, headers),
    await sendTraced(
      `${url}/auth/login`,
      { ...headers, 'content-type': 'application/json' },
      {
        method: 'POST',
        body: JSON.stringify({ username: 'bob', password: 'secret-data' }),
      },
    ),
    await sendTraced(`${url}/bank/accounts?access_token=${token}`, headers),
  ];
  for (const { traceId } of sent) await collector.trace(traceId);
  const exported = collector.bodies.join('');
  const [header = '', payload = '', signature = ''] = token.split('.');
  for (const secret of [...secrets, header, payload, signature, user?.id ?? '', 'bob', '127.0.0.1:'])
    expect(exported, secret).not.toContain(secret);
});

describe('a collector', () => {
  test('gets the headers of its settings', async ({ gateway, token }) => {
    const { url } = await startTraced(gateway, {
      otelExporterOtlpHeaders: { authorization: 'Bearer collector-key', 'x-tenant': 'bank' },
    });
    const { traceId } = await sendTraced(`${url}/bank/accounts`, bearer(token));
    await collector.trace(traceId);
    expect(collector.headers).toMatchObject({ authorization: 'Bearer collector-key', 'x-tenant': 'bank' });
  });

  test('that does not respond delays neither a request nor the stop', async ({
    gateway,
    upstream,
    token,
  }) => {
    upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
    collector.respondWith('nothing');
    const { url } = await startTraced(gateway, { otelExporterOtlpTimeout: 600_000 });
    for (let i = 0; i < 20; i += 1) {
      const { response } = await sendTraced(`${url}/bank/accounts`, bearer(token));
      expect(response.status).toBe(200);
    }
    await until(() => collector.exports === 1);
    const closed = running.pop()?.close();
    const tooLate = AbortSignal.timeout(10_000);
    await Promise.race([closed, once(tooLate, 'abort')]);
    expect(tooLate.aborted).toBe(false);
  });

  test('that is too slow loses the spans beyond the queue', async ({ gateway, token }) => {
    collector.respondWith('nothing');
    const { url } = await startTraced(gateway, { otelBspMaxQueueSize: 8, otelExporterOtlpTimeout: 1000 });
    for (let i = 0; i < 30; i += 1) await sendTraced(`${url}/bank/accounts`, bearer(token));
    collector.respondWith(200);
    await until(() => collector.spans.length > 0);
    await running.pop()?.close();
    expect(collector.spans.length).toBeLessThanOrEqual(8);
  });

  test('that refuses spans is reported in the log', async ({ gateway, token }) => {
    collector.respondWith(400);
    const { url, lines } = await startTraced(gateway);
    await sendTraced(`${url}/bank/accounts`, bearer(token));
    await until(() => lines.some(({ event }) => event === 'spans_not_exported'));
    const line = lines.find(({ event }) => event === 'spans_not_exported');
    expect(line?.reason).toBe('the collector responded with 400');
  });

  test('that is overloaded gets the spans again', async ({ gateway, token }) => {
    collector.respondWith(503);
    const { url } = await startTraced(gateway);
    const { traceId } = await sendTraced(`${url}/bank/accounts`, bearer(token));
    await until(() => collector.exports === 1);
    collector.respondWith(200);
    named(await collector.trace(traceId), 'GET /bank/accounts');
  });

  test('gets the last spans when the gateway stops', async ({ gateway, token }) => {
    const { url } = await startTraced(gateway, { otelBspScheduleDelay: 600_000 });
    const { traceId } = await sendTraced(`${url}/bank/accounts`, bearer(token));
    await running.pop()?.close();
    named(await collector.trace(traceId), 'GET /bank/accounts');
  });
});
