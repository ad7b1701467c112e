import { describe, expect } from 'vitest';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { bearer, problemOf } from '../support/gateway.ts';
import { scrape } from '../support/scrape.ts';

const test = gatewayTest();

describe('/metrics', () => {
  test.for(['/metrics', '/metrics/', '/bank/metrics'])(
    'on the public listener, %s responds with no metrics, with or without a token',
    async (path, { gateway, upstream, token }) => {
      const asked = upstream.count;
      const anonymous = await problemOf(await fetch(gateway.url + path));
      const known = await problemOf(await fetch(gateway.url + path, { headers: bearer(token) }));
      const isUpstream = path.startsWith('/bank');
      expect(anonymous).toEqual(
        isUpstream ? { status: 401, code: 'credential_missing' } : { status: 404, code: 'not_found' },
      );
      expect(known).toEqual(
        isUpstream ? { status: 403, code: 'forbidden' } : { status: 404, code: 'not_found' },
      );
      expect(upstream.count).toBe(asked);
    },
  );

  test('on the private listener has the format that the scraper accepts', async ({ gateway }) => {
    const text = await fetch(`${gateway.healthUrl}/metrics`);
    expect(text.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.headers.get('cache-control')).toBe('no-store');
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    const open = await fetch(`${gateway.healthUrl}/metrics`, { headers: { accept } });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await open.text()).toMatch(/\n# EOF\n$/);
  });

  test('holds no name, id, address, token or path of a user, and no series for each of them', async ({
    gateway,
  }) => {
    const before = await scrape(gateway.healthUrl);
    const users = await Promise.all(['bob', 'alice', 'sam', 'ada'].map((name) => logInAs(gateway, name)));
    for (const user of users) await user.request('/bank/accounts/DE8937040044/transactions?q=secret');
    for (const user of users) await user.logOut();
    await fetch(`${gateway.url}/auth/login`, { method: 'POST', body: '{"username":"mallory"}' });
    const after = await scrape(gateway.healthUrl);
    const known = users.flatMap(({ token, claims: { sub, sid, jti } }) => [token, sub, sid, jti]);
    const words = ['bob', 'alice', '"sam"', '"ada"', 'mallory', 'DE8937040044', 'secret', '127.0.0.1'];
    expect([...words, ...known].filter((word) => after.text.includes(word))).toEqual([]);
    const grown = seriesOf(after.text).filter((series) => !seriesOf(before.text).includes(series));
    expect(grown.filter((series) => !series.startsWith('portcullis_audit_'))).toEqual([]);
  });

  test('responds while Redis is down, and says so', async ({ gateway }) => {
    const before = await scrape(gateway.healthUrl);
    expect(before.of('portcullis_redis_connected')).toBe(1);
    await gateway.redis.kill();
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
    const after = await scrape(gateway.healthUrl);
    expect(after.of('portcullis_redis_connected')).toBe(0);
    expect(after.of('portcullis_redis_connections_total{event="lost"}')).toBeGreaterThan(
      before.of('portcullis_redis_connections_total{event="lost"}'),
    );
    expect(after.of('portcullis_requests_refused_total{reason="redis_unavailable",route="other"}')).toBe(1);
  });
});

const seriesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
