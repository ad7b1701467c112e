import { describe, expect } from 'vitest';
import { readEvents } from '../bank/event-reader.ts';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import { sendRaw } from '../support/raw-http.ts';
import { type Scrape, scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';

const test = gatewayTest();

/** What a series has grown by while something was done. */
const growth =
  (before: Scrape, after: Scrape) =>
  (series: string): number =>
    after.of(series) - before.of(series);

describe('the metrics of requests', () => {
  test('count a granted request once, with its stages, its response and its duration', async ({
    gateway,
    token,
  }) => {
    // The first request waits for a connection to the upstream, and passes the stages again.
    await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
    await until(async () => (await scrape(gateway.healthUrl)).of('portcullis_requests_in_progress') === 0);
    const before = await scrape(gateway.healthUrl);
    const response = await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
    await response.arrayBuffer();
    await until(async () => (await scrape(gateway.healthUrl)).of('portcullis_requests_in_progress') === 0);
    const grown = growth(before, await scrape(gateway.healthUrl));
    expect(response.status).toBe(200);
    expect(grown('portcullis_requests_granted_total{route="upstream"}')).toBe(1);
    expect(grown('portcullis_responses_total{class="2xx",route="upstream"}')).toBe(1);
    expect(grown('portcullis_request_duration_seconds_count{route="upstream"}')).toBe(1);
    expect(grown('portcullis_upstream_duration_seconds_count')).toBe(1);
    for (const stage of ['signature', 'whitelist', 'upstream'])
      expect(grown(`portcullis_stage_duration_seconds_count{stage="${stage}"}`)).toBe(1);
  });

  test('count a refusal by its reason and route, and the upstream is not asked', async ({
    gateway,
    upstream,
  }) => {
    const bob = await logInAs(gateway, 'bob');
    await bob.logOut();
    const before = await scrape(gateway.healthUrl);
    const asked = upstream.count;
    expect(await problemOf(await bob.request('/bank/accounts'))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
    await postJson(`${gateway.url}/auth/login`, { username: 'bob', password: 'wrong' });
    await until(async () => (await scrape(gateway.healthUrl)).of('portcullis_requests_in_progress') === 0);
    const grown = growth(before, await scrape(gateway.healthUrl));
    expect(grown('portcullis_requests_refused_total{reason="token_not_alive",route="upstream"}')).toBe(1);
    expect(grown('portcullis_requests_refused_total{reason="login_wrong",route="auth"}')).toBe(1);
    expect(grown('portcullis_audit_events_total{action="login",result="refused"}')).toBe(1);
    expect(grown('portcullis_requests_granted_total{route="upstream"}')).toBe(0);
    expect(upstream.count).toBe(asked);
  });

  test('count what never becomes a request', async ({ gateway }) => {
    const before = await scrape(gateway.healthUrl);
    await sendRaw(gateway.url, 'NONSENSE\r\n\r\n');
    const grown = growth(before, await scrape(gateway.healthUrl));
    expect(grown('portcullis_requests_refused_total{reason="request_malformed",route="other"}')).toBe(1);
  });

  test('show an open event stream as live and in progress, and not as a slow request', async ({
    gateway,
    upstream,
    token,
  }) => {
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 1000\n\n');
    });
    const before = await scrape(gateway.healthUrl);
    const reader = await readEvents(`${gateway.url}/bank/accounts/1/stream`, bearer(token));
    const open = growth(before, await scrape(gateway.healthUrl));
    expect(open('portcullis_live_responses{kind="stream"}')).toBe(1);
    expect(open('portcullis_upstream_connections{pool="streams"}')).toBe(1);
    expect(open('portcullis_requests_in_progress')).toBe(1);
    reader.ended.catch(() => {});
    reader.abort();
    await until(async () => (await scrape(gateway.healthUrl)).of('portcullis_requests_in_progress') === 0);
    const closed = growth(before, await scrape(gateway.healthUrl));
    expect(closed('portcullis_live_responses{kind="stream"}')).toBe(0);
    expect(closed('portcullis_responses_total{class="2xx",route="upstream"}')).toBe(1);
    expect(closed('portcullis_request_duration_seconds_count{route="upstream"}')).toBe(0);
    expect(closed('portcullis_upstream_duration_seconds_count')).toBe(0);
  });
});

describe('the metrics of revocations and the audit log', () => {
  test('count a logout and a block by their action, with their records', async ({ gateway }) => {
    const [alice, ada] = await Promise.all([logInAs(gateway, 'alice'), logInAs(gateway, 'ada')]);
    const before = await scrape(gateway.healthUrl);
    await alice.logOut();
    await ada.request(`/admin/users/${alice.claims.sub}/block`, { method: 'POST' });
    const after = await scrape(gateway.healthUrl);
    const grown = growth(before, after);
    expect(grown('portcullis_revocations_total{action="logout"}')).toBe(1);
    expect(grown('portcullis_revocations_total{action="user_block"}')).toBe(1);
    expect(grown('portcullis_audit_records{log="security"}')).toBeGreaterThan(0);
    expect(grown('portcullis_audit_records{log="customers"}')).toBe(1);
    expect(after.of('portcullis_audit_unexported_ratio{log="customers"}')).toBeGreaterThan(0);
  });
});

describe('the metrics of the process', () => {
  test('have its version, memory, CPU time and event-loop delay', async ({ gateway }) => {
    const { of } = await scrape(gateway.healthUrl);
    expect(of('portcullis_build_info{version="0.1.0"}')).toBe(1);
    expect(of('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(of('process_cpu_seconds_total')).toBeGreaterThan(0);
    await until(
      async () => (await scrape(gateway.healthUrl)).of('portcullis_event_loop_delay_seconds_count') > 0,
    );
  });
});
