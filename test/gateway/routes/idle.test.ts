import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { sessionKey } from '../../../src/redis/keys.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, problemOf } from '../../support/gateway.ts';
import { logIn, refreshed, startAnotherGateway, type Tokens } from '../../support/sessions.ts';
import { until } from '../../support/until.ts';

const IDLE_MS = 900_000;
const NEARLY_IDLE_MS = 60_000;

interface Target {
  tokens?: Tokens;
  url?: string;
  path?: string;
}
type Ask = (headers?: Record<string, string>, target?: Target) => Promise<Response>;

interface Lifetime {
  idle_expires_in_ms: number;
  session_expires_in_ms: number;
}

const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;
const keyOf = (tokens: Tokens): string => {
  const { sub, sid } = claimsOf(tokens);
  return sessionKey(sub, sid);
};

const test = gatewayTest({ SESSIONS_PER_USER_MAX: '1000' })
  .extend('mine', ({ gateway }) => logIn(gateway.url))
  .extend(
    'ask',
    ({ mine, gateway }) =>
      (headers: Record<string, string> = {}, target: Target = {}): Promise<Response> => {
        const { access_token } = target.tokens ?? mine;
        const url = (target.url ?? gateway.url) + (target.path ?? '/bank/accounts');
        return fetch(url, { headers: { ...bearer(access_token), ...headers } });
      },
  )
  /** Shortens the remaining idle time, as if the session had not been used for a while. */
  .extend(
    'makeNearlyIdle',
    ({ mine, gateway }) =>
      (tokens = mine): Promise<unknown> =>
        gateway.link.run((client) => client.pExpire(keyOf(tokens), NEARLY_IDLE_MS)),
  )
  .extend(
    'leftMs',
    ({ mine, gateway }) =>
      (tokens = mine): Promise<number> =>
        gateway.link.run((client) => client.pTTL(keyOf(tokens))),
  )
  /** The number of calls of a command since Redis started. */
  .extend('calls', ({ gateway }) => async (command: string): Promise<number> => {
    const stats = await gateway.link.run((client) => client.info('commandstats'));
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  })
  .extend(
    'lifetime',
    ({ ask }) =>
      async (headers: Record<string, string> = {}, target: Target = {}): Promise<Lifetime> =>
        (await (await ask(headers, { path: '/auth/session', ...target })).json()) as Lifetime,
  );

describe('activity', () => {
  test('a request renews the idle timeout and sets the time of last use', async ({
    makeNearlyIdle,
    ask,
    leftMs,
  }) => {
    await makeNearlyIdle();
    const before = Date.now();
    expect((await ask()).status).toBe(200);
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
    const { sessions } = (await (await ask({}, { path: '/auth/sessions' })).json()) as {
      sessions: { current: boolean; last_seen_at: string }[];
    };
    const seen = sessions.find(({ current }) => current)?.last_seen_at ?? '';
    expect(Date.parse(seen)).toBeGreaterThanOrEqual(before);
  });

  test.for<[what: string, request: (ask: Ask, url: string, tokens: Tokens) => Promise<unknown>]>([
    ['a background request', (ask) => ask({ 'x-background': '1' })],
    ['an event stream', (ask) => ask({ accept: 'text/event-stream' })],
    ['an event stream among other media types', (ask) => ask({ accept: '*/*, Text/Event-Stream;q=0.9' })],
    ['a refresh', (_ask, url, { refresh_token }) => refreshed(url, refresh_token)],
    ['a request that is refused', (ask) => ask({ cookie: 'portcullis=x' })],
  ])(
    '%s does not count as activity',
    async ([_what, request], { makeNearlyIdle, calls, ask, gateway, mine, leftMs }) => {
      await makeNearlyIdle();
      const written = await calls('pexpire');
      for (let i = 0; i < 3; i += 1) await request(ask, gateway.url, mine).catch(() => {});
      expect(await calls('pexpire')).toBe(written);
      expect(await leftMs()).toBeLessThanOrEqual(NEARLY_IDLE_MS);
    },
  );

  test.for(['0', 'true', '', '1, 1'])(
    'a request with X-Background: %s counts as activity',
    async (value, { makeNearlyIdle, ask, leftMs }) => {
      await makeNearlyIdle();
      await ask({ 'x-background': value });
      await until(async () => (await leftMs()) > IDLE_MS - 5000);
    },
  );
});

test('polling, refreshes and an open stream do not keep a session from ending, but user activity does', async ({
  gateway,
  ask,
}) => {
  const hasty = await startAnotherGateway(gateway, { settings: { sessionIdleSeconds: 2 } });
  const url = hasty.url;
  const startedAt = performance.now();
  const [poller, user] = [await logIn(url), await logIn(url)];
  let dashboard = poller;
  const poll = async (): Promise<number> => {
    const background = await ask({ 'x-background': '1' }, { tokens: dashboard, url });
    await ask({ accept: 'text/event-stream' }, { tokens: dashboard, url });
    dashboard = await refreshed(url, dashboard.refresh_token).catch(() => dashboard);
    expect((await ask({}, { tokens: user, url })).status).toBe(200);
    return background.status;
  };
  await until(async () => (await poll()) === 401, 5000);
  const elapsedMs = performance.now() - startedAt;
  expect(elapsedMs).toBeGreaterThan(1900);
  expect(elapsedMs).toBeLessThan(3500);
  expect(await problemOf(await ask({}, { tokens: dashboard, url }))).toEqual({
    status: 401,
    code: 'token_revoked',
  });
  expect((await ask({}, { tokens: user, url })).status).toBe(200);
  await hasty.close();
});

describe('the remaining lifetime of a session', () => {
  test('can be read with and without renewing the idle timeout', async ({
    lifetime,
    gateway,
    makeNearlyIdle,
  }) => {
    await lifetime();
    const fresh = { tokens: await logIn(gateway.url) };
    await makeNearlyIdle(fresh.tokens);
    const left = await lifetime({ 'x-background': '1' }, fresh);
    expect(left.idle_expires_in_ms).toBeLessThanOrEqual(NEARLY_IDLE_MS);
    expect(left.idle_expires_in_ms).toBeGreaterThan(NEARLY_IDLE_MS - 5000);
    expect((await lifetime({ 'x-background': '1' }, fresh)).idle_expires_in_ms).toBeLessThanOrEqual(
      left.idle_expires_in_ms,
    );
    expect((await lifetime({}, fresh)).idle_expires_in_ms).toBeGreaterThan(IDLE_MS - 5000);
  });

  test('is limited by the absolute end of the session', async ({ gateway, lifetime }) => {
    const absoluteMs = gateway.settings.sessionAbsoluteSeconds * 1000;
    const life = await lifetime();
    expect(life.session_expires_in_ms).toBeLessThanOrEqual(absoluteMs);
    expect(life.session_expires_in_ms).toBeGreaterThan(absoluteMs - 5000);
    const short = await startAnotherGateway(gateway, { settings: { sessionAbsoluteSeconds: 100 } });
    const last = await lifetime({}, { tokens: await logIn(short.url), url: short.url });
    expect(last.session_expires_in_ms).toBeLessThanOrEqual(100_000);
    expect(last.idle_expires_in_ms).toBeLessThanOrEqual(100_000);
    await short.close();
  });

  test('is a refusal if the session ends during the request', async ({ gateway, mine, ask }) => {
    await gateway.link.run((client) => client.del(keyOf(mine)));
    expect(await problemOf(await ask({}, { path: '/auth/session' }))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
  });
});

describe('tracking activity', () => {
  test('writes at most once per twentieth of the idle timeout, for any number of requests and gateways', async ({
    gateway,
    calls,
    ask,
  }) => {
    const idleSeconds = 4;
    const stepMs = (idleSeconds * 1000) / 20;
    const settings = { sessionIdleSeconds: idleSeconds };
    const gateways = [
      await startAnotherGateway(gateway, { settings }),
      await startAnotherGateway(gateway, { settings }),
    ];
    const tokens = await logIn(gateways[0]?.url ?? '');
    const before = { set: await calls('set'), scripts: await calls('evalsha') };
    const startedAt = performance.now();
    let requests = 0;
    while (performance.now() - startedAt < 1000) {
      await Promise.all(gateways.flatMap(({ url }) => [ask({}, { tokens, url }), ask({}, { tokens, url })]));
      requests += 4;
    }
    const steps = (performance.now() - startedAt) / stepMs;
    const writes = (await calls('set')) - before.set;
    expect(requests).toBeGreaterThan(20);
    expect(writes).toBeGreaterThanOrEqual(2);
    expect(writes).toBeLessThanOrEqual(Math.ceil(steps));
    expect((await calls('evalsha')) - before.scripts).toBeLessThanOrEqual(2 * (Math.ceil(steps) + 1));
    await Promise.all(gateways.map((one) => one.close()));
  });

  test('does not delay the response', async ({ makeNearlyIdle, gateway, ask, leftMs }) => {
    await makeNearlyIdle();
    await gateway.link.run((client) => client.sendCommand(['CLIENT', 'PAUSE', '400', 'WRITE']));
    const startedAt = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(300);
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
  });

  test('does not fail the request when the write fails, and the next request tries again', async ({
    makeNearlyIdle,
    gateway,
    ask,
    leftMs,
  }) => {
    await makeNearlyIdle();
    // Redis then refuses all writes.
    await gateway.link.run((client) => client.configSet('min-replicas-to-write', '1'));
    for (let i = 0; i < 3; i += 1) expect((await ask()).status).toBe(200);
    expect(await leftMs()).toBeLessThanOrEqual(NEARLY_IDLE_MS);
    await gateway.link.run((client) => client.configSet('min-replicas-to-write', '0'));
    await ask();
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
  });

  test('renews the session of an active user even if Redis is full', async ({
    makeNearlyIdle,
    gateway,
    ask,
    leftMs,
    onTestFinished,
  }) => {
    await makeNearlyIdle();
    onTestFinished(async () => void (await gateway.link.run((client) => client.configSet('maxmemory', '0'))));
    await gateway.link.run((client) => client.configSet('maxmemory', '1'));
    expect((await ask()).status).toBe(200);
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
  });
});

describe('activity restores nothing', () => {
  test('a session that was ended during requests stays ended', async ({ gateway, makeNearlyIdle, ask }) => {
    const second = await startAnotherGateway(gateway);
    for (let round = 0; round < 15; round += 1) {
      const tokens = await logIn(gateway.url, 'bob');
      await makeNearlyIdle(tokens);
      const urls = [gateway.url, second.url, gateway.url, second.url];
      const requests = urls.map((url) => ask({}, { tokens, url }));
      const logout = fetch(`${second.url}/auth/logout`, {
        method: 'POST',
        headers: bearer(tokens.access_token),
      });
      expect((await logout).status).toBe(204);
      await Promise.all(requests);
      await delay(5);
      const left = await gateway.link.run((client) => client.keys(`*${tokens.session_id}*`));
      expect(left).toEqual([]);
    }
    await second.close();
  });

  test('a session stays ended after its idle timeout, even if its access token has not expired', async ({
    gateway,
    mine,
    leftMs,
    ask,
  }) => {
    await gateway.link.run((client) => client.pExpire(keyOf(mine), 1));
    await until(async () => (await leftMs()) === -2);
    for (let i = 0; i < 3; i += 1)
      expect(await problemOf(await ask())).toEqual({ status: 401, code: 'token_revoked' });
    expect(await leftMs()).toBe(-2);
  });

  test('no key outlives the absolute end of the session', async ({ gateway, ask, leftMs }) => {
    const short = await startAnotherGateway(gateway, { settings: { sessionAbsoluteSeconds: 100 } });
    const tokens = await logIn(short.url);
    await gateway.link.run((client) => client.pExpire(keyOf(tokens), 2000));
    await ask({}, { tokens, url: short.url });
    await until(async () => (await leftMs(tokens)) > 90_000);
    const endsAtMs = (claimsOf(tokens).auth_time + 100) * 1000;
    const expiry = await gateway.link.run((client) => client.pExpireTime(keyOf(tokens)));
    expect(expiry).toBeLessThanOrEqual(endsAtMs + 50);
    expect(claimsOf(tokens).exp * 1000).toBe(endsAtMs);
    await short.close();
  });
});
