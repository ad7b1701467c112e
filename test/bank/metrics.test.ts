import { describe, expect } from 'vitest';
import { logInAs, stackTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';
import { scrape } from '../support/scrape.ts';

const test = stackTest({}, { BANK_METRICS_PORT: '0' });

describe("the bank's metrics", () => {
  test('count responses, refusals and Redis commands, on a private listener of their own', async ({
    stack,
  }) => {
    const { metricsUrl = '' } = stack.bank;
    const bob = await logInAs(stack, 'bob');
    const before = await scrape(metricsUrl);
    expect((await bob.request('/bank/accounts')).status).toBe(200);
    const refused = await problemOf(await bob.request('/bank/accounts/0/balance'));
    expect(refused).toEqual({ status: 404, code: 'account_not_found' });
    const after = await scrape(metricsUrl);
    const grown = (series: string): number => after.of(series) - before.of(series);
    expect(grown('portcullis_bank_responses_total{class="2xx",route="other"}')).toBe(1);
    expect(grown('portcullis_bank_responses_total{class="4xx",route="other"}')).toBe(1);
    expect(grown('portcullis_bank_request_duration_seconds_count{route="other"}')).toBe(2);
    expect(grown('portcullis_redis_commands_total{outcome="ok"}')).toBeGreaterThan(0);
    expect(after.of('portcullis_redis_connected')).toBe(1);
    expect(after.text).not.toContain(bob.claims.sub);
  });

  test('are not on the listener that the gateway uses, and the private one has nothing else', async ({
    stack,
  }) => {
    const { url, metricsUrl = '' } = stack.bank;
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    for (const path of ['/', '/accounts', '/readyz'])
      expect(await problemOf(await fetch(metricsUrl + path))).toEqual({ status: 404, code: 'not_found' });
    const posted = await fetch(`${metricsUrl}/metrics`, { method: 'POST' });
    expect(await problemOf(posted)).toEqual({ status: 404, code: 'not_found' });
  });
});
