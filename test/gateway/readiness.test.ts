import { describe, expect } from 'vitest';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf, type TestGateway } from '../support/gateway.ts';
import { startGatewayBeside } from '../support/gateway-beside.ts';
import { ALL_RIGHTS, redisUrlFor, setRedisUser } from '../support/redis-users.ts';
import { until } from '../support/until.ts';

/** A change shows within this time: a second until the next reading, and as much again on a busy machine. */
const SHOWS_WITHIN_MS = 3000;

interface Report {
  status: unknown;
  code?: unknown;
  parts: Record<string, { state: string; reasons: { code: string; message: string }[] }>;
}

const test = gatewayTest().extend('running', async ({ gateway }, { onCleanup }) => {
  await setRedisUser(gateway.link, 'gate', ALL_RIGHTS);
  const running = await startGatewayBeside(gateway, { REDIS_URL: redisUrlFor(gateway.redis, 'gate') });
  onCleanup(() => running.close());
  const report = async (): Promise<Report> =>
    (await (await fetch(`${running.healthUrl}/readyz`)).json()) as Report;
  return { ...running, report };
});

const configure = ({ link }: TestGateway, name: string, value: string) =>
  link.run((client) => client.configSet(name, value));

test('a gateway that can serve requests says of each part that it is ready', async ({ running }) => {
  const { status, parts } = await running.report();
  expect(status).toBe('ready');
  expect(parts).toMatchObject({
    process: { state: 'running', reasons: [] },
    redis: {
      state: 'ready',
      reasons: [],
      servers: [{ connected: true, version: expect.stringMatching(/^\w+ \d/) }],
    },
    keys: { state: 'ready', reasons: [] },
    upstream: { state: 'unknown', reasons: [] },
  });
});

describe('/readyz is a 503 within seconds, with the reason on the private listener only', () => {
  test.for<
    [string, string, (gateway: TestGateway) => Promise<unknown>, (gateway: TestGateway) => Promise<unknown>]
  >([
    [
      'Redis is full',
      'redis_full',
      (g) => configure(g, 'maxmemory', '1'),
      (g) => configure(g, 'maxmemory', '0'),
    ],
    [
      'Redis is a replica',
      'redis_replica',
      (g) => g.link.run((client) => client.sendCommand(['REPLICAOF', '127.0.0.1', '1'])),
      (g) => g.link.run((client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE'])),
    ],
    ['Redis is frozen', 'redis_unreachable', async (g) => g.redis.freeze(), async (g) => g.redis.thaw()],
  ])('if %s', async ([_what, code, cause, cure], { gateway, running }) => {
    await cause(gateway);
    try {
      const reasonsNow = async () => (await running.report()).parts.redis?.reasons ?? [];
      await until(async () => (await reasonsNow()).some((reason) => reason.code === code), SHOWS_WITHIN_MS);
      expect(await running.report()).toMatchObject({ status: 503, code: 'service_unavailable' });
      const response = await fetch(`${running.url}/readyz`);
      const text = await response.clone().text();
      expect(await problemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
      expect(text).not.toContain(code);
    } finally {
      await cure(gateway);
    }
    await until(async () => (await fetch(`${running.url}/readyz`)).ok, SHOWS_WITHIN_MS);
  });

  test('if the Redis user may not use a channel', async ({ gateway }) => {
    await setRedisUser(gateway.link, 'mute', [...ALL_RIGHTS, 'resetchannels']);
    const running = await startGatewayBeside(gateway, { REDIS_URL: redisUrlFor(gateway.redis, 'mute') });
    try {
      expect((await fetch(`${running.url}/readyz`)).status).toBe(503);
      const text = await (await fetch(`${running.healthUrl}/readyz`)).text();
      expect(text).toContain('PUBLISH to revocations');
      expect(text).not.toContain(':password@');
    } finally {
      await running.close();
    }
  });
});

test('an upstream that is down is told, and the gateway stays ready', async ({
  gateway,
  upstream,
  token,
}) => {
  const running = await startGatewayBeside(gateway, { BANK_URL: 'http://127.0.0.1:1' });
  try {
    const before = upstream.count;
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${running.url}/bank/accounts`, { headers })).status).toBe(502);
    expect(upstream.count).toBe(before);
    const response = await fetch(`${running.healthUrl}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      parts: { upstream: { state: 'unreachable', reasons: [{ code: 'upstream_unreachable' }] } },
    });
  } finally {
    await running.close();
  }
});
