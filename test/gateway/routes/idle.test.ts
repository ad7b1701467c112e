import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { activeKey, sessionKey } from '../../../src/redis/keys.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { logIn, refreshed, startAnotherGateway, type Tokens } from '../../support/sessions.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const IDLE_MS = 900_000;
const NEARLY_IDLE_MS = 60_000;

let gateway: TestGateway;
let bank: Upstream;
beforeAll(async () => {
  bank = await startUpstream();
  gateway = await startTestGateway({ SESSIONS_PER_USER_MAX: '1000', BANK_URL: bank.url });
});
afterAll(async () => {
  await gateway.close();
  await bank.close();
});

let mine: Tokens;
beforeEach(async () => {
  mine = await logIn(gateway.url);
});

const ask = (
  headers: Record<string, string> = {},
  { tokens = mine, url = gateway.url, path = '/bank/accounts' } = {},
): Promise<Response> => fetch(url + path, { headers: { ...bearer(tokens.access_token), ...headers } });
const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;
const keysOf = (tokens: Tokens): [string, string] => {
  const { sub, sid } = claimsOf(tokens);
  return [activeKey(sub, sid), sessionKey(sub, sid)];
};

/** Shortens the remaining idle time, as if the session had not been used for a while. */
const makeNearlyIdle = (tokens = mine): Promise<unknown> =>
  gateway.link.run(async (client) =>
    Promise.all(keysOf(tokens).map((key) => client.pExpire(key, NEARLY_IDLE_MS))),
  );
const leftMs = (tokens = mine): Promise<number> =>
  gateway.link.run((client) => client.pTTL(keysOf(tokens)[0]));

/** The number of calls of a command since Redis started. */
const calls = async (command: string): Promise<number> => {
  const stats = await gateway.link.run((client) => client.info('commandstats'));
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
};

describe('activity', () => {
  test('a request renews the idle timeout and sets the time of last use', async () => {
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

  test.each<[string, () => Promise<unknown>]>([
    ['what a page asks for by itself', () => ask({ 'x-background': '1' })],
    ['an event stream', () => ask({ accept: 'text/event-stream' })],
    ['an event stream among others', () => ask({ accept: '*/*, Text/Event-Stream;q=0.9' })],
    ['a refresh', () => refreshed(gateway.url, mine.refresh_token)],
    ['a request that is refused', () => ask({ cookie: 'portcullis=x' })],
  ])('%s does not count as activity', async (_what, request) => {
    await makeNearlyIdle();
    const written = await calls('pexpire');
    for (let i = 0; i < 3; i += 1) await request().catch(() => {});
    expect(await calls('pexpire')).toBe(written);
    expect(await leftMs()).toBeLessThanOrEqual(NEARLY_IDLE_MS);
  });

  test.each(['0', 'true', '', '1, 1'])(
    'a request with X-Background: %s counts as activity',
    async (value) => {
      await makeNearlyIdle();
      await ask({ 'x-background': value });
      await until(async () => (await leftMs()) > IDLE_MS - 5000);
    },
  );
});

test('polling, refreshes and an open stream do not keep a session from ending, but user activity does', async () => {
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
  interface Lifetime {
    idle_expires_in_ms: number;
    session_expires_in_ms: number;
  }
  const lifetime = async (headers: Record<string, string> = {}, at = {}): Promise<Lifetime> =>
    (await (await ask(headers, { path: '/auth/session', ...at })).json()) as Lifetime;

  test('can be read with and without renewing the idle timeout', async () => {
    await lifetime();
    mine = await logIn(gateway.url);
    await makeNearlyIdle();
    const left = await lifetime({ 'x-background': '1' });
    expect(left.idle_expires_in_ms).toBeLessThanOrEqual(NEARLY_IDLE_MS);
    expect(left.idle_expires_in_ms).toBeGreaterThan(NEARLY_IDLE_MS - 5000);
    expect((await lifetime({ 'x-background': '1' })).idle_expires_in_ms).toBeLessThanOrEqual(
      left.idle_expires_in_ms,
    );
    expect((await lifetime()).idle_expires_in_ms).toBeGreaterThan(IDLE_MS - 5000);
  });

  test('is limited by the absolute end of the session', async () => {
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

  test('is a refusal if the session ends during the request', async () => {
    await gateway.link.run((client) => client.del(keysOf(mine)[1]));
    expect(await problemOf(await ask({}, { path: '/auth/session' }))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
  });
});

describe('tracking activity', () => {
  test('writes at most once per twentieth of the idle timeout, for any number of requests and gateways', async () => {
    const idleSeconds = 4;
    const stepMs = (idleSeconds * 1000) / 20;
    const settings = { sessionIdleSeconds: idleSeconds };
    const gateways = [
      await startAnotherGateway(gateway, { settings }),
      await startAnotherGateway(gateway, { settings }),
    ];
    const tokens = await logIn(gateways[0]?.url ?? '');
    const before = { hset: await calls('hset'), scripts: await calls('evalsha') };
    const startedAt = performance.now();
    let requests = 0;
    while (performance.now() - startedAt < 1000) {
      await Promise.all(gateways.flatMap(({ url }) => [ask({}, { tokens, url }), ask({}, { tokens, url })]));
      requests += 4;
    }
    const steps = (performance.now() - startedAt) / stepMs;
    const writes = (await calls('hset')) - before.hset;
    expect(requests).toBeGreaterThan(20);
    expect(writes).toBeGreaterThanOrEqual(2);
    expect(writes).toBeLessThanOrEqual(Math.ceil(steps));
    expect((await calls('evalsha')) - before.scripts).toBeLessThanOrEqual(2 * (Math.ceil(steps) + 1));
    await Promise.all(gateways.map((one) => one.close()));
  });

  test('does not delay the response', async () => {
    await makeNearlyIdle();
    await gateway.link.run((client) => client.sendCommand(['CLIENT', 'PAUSE', '400', 'WRITE']));
    const startedAt = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(300);
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
  });

  test('does not fail the request when the write fails, and the next request tries again', async () => {
    await makeNearlyIdle();
    const [, session] = keysOf(mine);
    const aside = `${session}-aside`;
    await gateway.link.run((client) => client.multi().rename(session, aside).set(session, 'no hash').exec());
    for (let i = 0; i < 3; i += 1) expect((await ask()).status).toBe(200);
    expect(await leftMs()).toBeLessThanOrEqual(NEARLY_IDLE_MS);
    await gateway.link.run((client) => client.multi().del(session).rename(aside, session).exec());
    await ask();
    await until(async () => (await leftMs()) > IDLE_MS - 5000);
  });
});

describe('activity restores nothing', () => {
  test('a session that was ended during requests stays ended', async () => {
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

  test('a session stays ended after its idle timeout, even if its access token has not expired', async () => {
    await gateway.link.run((client) => client.pExpire(keysOf(mine)[0], 1));
    await until(async () => (await leftMs()) === -2);
    for (let i = 0; i < 3; i += 1)
      expect(await problemOf(await ask())).toEqual({ status: 401, code: 'token_revoked' });
    expect(await leftMs()).toBe(-2);
  });

  test('no key outlives the absolute end of the session', async () => {
    const short = await startAnotherGateway(gateway, { settings: { sessionAbsoluteSeconds: 100 } });
    const tokens = await logIn(short.url);
    await gateway.link.run((client) => client.pExpire(keysOf(tokens)[0], 2000));
    await ask({}, { tokens, url: short.url });
    await until(async () => (await leftMs(tokens)) > 90_000);
    const endsAtMs = (claimsOf(tokens).auth_time + 100) * 1000;
    for (const key of keysOf(tokens))
      expect(await gateway.link.run((client) => client.pExpireTime(key))).toBeLessThanOrEqual(endsAtMs + 50);
    expect(claimsOf(tokens).exp * 1000).toBe(endsAtMs);
    await short.close();
  });
});
