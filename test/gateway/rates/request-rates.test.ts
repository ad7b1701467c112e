import { describe, expect } from 'vitest';
import { parseRanges } from '../../../src/http/addresses.ts';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf, type TestGateway } from '../../support/gateway.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { startAnotherGateway } from '../../support/sessions.ts';

const PER_USER = 4;
const TRANSFERS = 2;
const CHANGES = 3;

const test = gatewayTest(
  {
    REQUESTS_PER_USER_PER_SECOND: '1',
    REQUESTS_PER_USER_BURST: `${PER_USER}`,
    TRANSFERS_PER_USER_PER_MINUTE: `${TRANSFERS}`,
    SESSION_CHANGES_PER_MINUTE: `${CHANGES}`,
  },
  { clockStopped: true },
);
const RATE_LIMITED = { status: 429, code: 'rate_limited' };

/** All buckets are full again after this. */
const refill = (gateway: TestGateway): void => gateway.advanceClock(60_000);
test.beforeEach(({ gateway, upstream }) => {
  refill(gateway);
  upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
});

describe('requests of one user', () => {
  test.for(['/bank/accounts', '/auth/session'])(
    'over the rate are a 429 that says when to try again, for %s',
    async (path, { gateway, upstream }) => {
      const bob = await logInAs(gateway, 'bob');
      for (let i = 0; i < PER_USER; i += 1) expect((await bob.request(path)).status).toBe(200);
      let refused: Response | undefined;
      const send = async (): ReturnType<typeof problemOf> => {
        refused = await bob.request(path);
        return problemOf(refused);
      };
      await expectRefusal({ gateway, upstream }, send, { ...RATE_LIMITED, redisCommands: 1 });
      expect(refused?.headers.get('retry-after')).toBe('1');
      expect(refused?.headers.get('ratelimit')).toBe('"user";r=0;t=1');
      expect(refused?.headers.get('ratelimit-policy')).toBe(`"user";q=${PER_USER};w=${PER_USER}`);
      gateway.advanceClock(1000);
      expect((await bob.request(path)).status).toBe(200);
    },
  );

  test('in several sessions share one rate, and other users have their own', async ({ gateway }) => {
    const [one, another, alice] = [
      await logInAs(gateway, 'bob'),
      await logInAs(gateway, 'bob'),
      await logInAs(gateway, 'alice'),
    ];
    for (let i = 0; i < PER_USER / 2; i += 1) {
      expect((await one.request('/bank/accounts')).status).toBe(200);
      expect((await another.request('/bank/accounts')).status).toBe(200);
    }
    expect(await problemOf(await another.request('/bank/accounts'))).toEqual(RATE_LIMITED);
    expect((await alice.request('/bank/accounts')).status).toBe(200);
  });

  test('are told how many are left once less than half are', async ({ gateway }) => {
    const bob = await logInAs(gateway, 'bob');
    const announced: (string | null)[] = [];
    for (let i = 0; i < PER_USER; i += 1)
      announced.push((await bob.request('/bank/accounts')).headers.get('ratelimit'));
    expect(announced).toEqual([null, null, '"user";r=1;t=3', '"user";r=0;t=4']);
  });

  test('with a token that has been revoked do not count for the user', async ({ gateway }) => {
    const [thief, bob] = [await logInAs(gateway, 'bob'), await logInAs(gateway, 'bob')];
    await thief.logOut();
    refill(gateway);
    for (let i = 0; i < PER_USER + 1; i += 1)
      expect((await thief.request('/bank/accounts')).status).toBe(401);
    expect((await bob.request('/bank/accounts')).status).toBe(200);
  });
});

test('transfers over their rate are a 429 before the upstream is asked, and other requests are served', async ({
  gateway,
  upstream,
}) => {
  const bob = await logInAs(gateway, 'bob');
  const transfer = (): Promise<Response> =>
    bob.request('/bank/accounts/1/transfers', { method: 'POST', body: '{}' });
  for (let i = 0; i < TRANSFERS; i += 1) expect((await transfer()).status).toBe(200);
  await expectRefusal({ gateway, upstream }, async () => problemOf(await transfer()), {
    status: 429,
    code: 'transfers_limited',
    redisCommands: 1,
  });
  expect((await bob.request('/bank/accounts')).status).toBe(200);
});

describe('changes of a session', () => {
  const write = (user: Awaited<ReturnType<typeof logInAs>>): Promise<Response> => {
    const init = { method: 'PUT', body: '1', headers: { 'content-type': 'application/json' } };
    return user.request('/auth/session/data/theme', init);
  };

  test('over their rate are a 429, and other requests and other sessions are served', async ({
    gateway,
    upstream,
  }) => {
    const [one, another] = [await logInAs(gateway, 'bob'), await logInAs(gateway, 'bob')];
    for (let i = 0; i < CHANGES; i += 1) expect((await write(one)).status).toBe(204);
    const send = async (): ReturnType<typeof problemOf> => problemOf(await write(one));
    await expectRefusal({ gateway, upstream }, send, { ...RATE_LIMITED, redisCommands: 1 });
    expect((await one.request('/auth/session')).status).toBe(200);
    expect((await write(another)).status).toBe(204);
  });

  test('such as ending the other sessions are possible for a user whose rate of requests is used up', async ({
    gateway,
  }) => {
    const [thief, bob] = [await logInAs(gateway, 'bob'), await logInAs(gateway, 'bob')];
    for (let i = 0; i < PER_USER; i += 1) await thief.request('/bank/accounts');
    expect(await problemOf(await bob.request('/bank/accounts'))).toEqual(RATE_LIMITED);
    expect((await bob.request('/auth/sessions?keep=current', { method: 'DELETE' })).status).toBe(200);
    expect((await thief.request('/bank/accounts')).status).toBe(401);
  });

  test.for(['/auth/refresh', '/oauth/token'])(
    'include refreshes at %s, and only a genuine token counts',
    async (path, { gateway }) => {
      const login = await postJson(`${gateway.url}/auth/login`, { username: 'bob', password: 'foobared' });
      let { refresh_token: token } = (await login.json()) as { refresh_token: string };
      const refresh = (presented: string): Promise<Response> =>
        path === '/auth/refresh'
          ? postJson(gateway.url + path, { refresh_token: presented })
          : fetch(gateway.url + path, {
              method: 'POST',
              body: new URLSearchParams({
                grant_type: 'refresh_token',
                client_id: 'portcullis-web',
                refresh_token: presented,
              }),
            });
      const forged = token.replace(/.{43}$/, 'A'.repeat(43));
      for (let i = 0; i < CHANGES + 1; i += 1) expect((await refresh(forged)).ok).toBe(false);
      for (let i = 0; i < CHANGES; i += 1) {
        const response = await refresh(token);
        expect(response.status).toBe(200);
        token = ((await response.json()) as { refresh_token: string }).refresh_token;
      }
      expect(await problemOf(await refresh(token))).toEqual(RATE_LIMITED);
    },
  );
});

describe('requests of one network', () => {
  const BURST = 5;
  /** Starts a gateway behind a trusted proxy, whose buckets don't refill. */
  const startLimited = (gateway: TestGateway) => {
    const settings = { requestsPerNetworkPerSecond: 1, requestsPerNetworkBurst: BURST };
    const stoppedMs = Date.now();
    const trustedProxies = parseRanges(['127.0.0.1']) ?? [];
    return startAnotherGateway(gateway, { settings: { ...settings, trustedProxies }, now: () => stoppedMs });
  };
  const from = (url: string, address: string): Promise<Response> =>
    fetch(`${url}/livez`, { headers: { 'x-forwarded-for': address } });

  test('over the rate are a 429 before the credential is looked at', async ({ gateway, upstream, token }) => {
    const limited = await startLimited(gateway);
    for (let i = 0; i < BURST; i += 1) expect((await from(limited.url, '192.0.2.1')).status).toBe(200);
    const headers = { ...bearer(token), 'x-forwarded-for': '192.0.2.1' };
    const send = async (): ReturnType<typeof problemOf> =>
      problemOf(await fetch(`${limited.url}/bank/accounts`, { headers }));
    await expectRefusal({ gateway, upstream }, send, RATE_LIMITED);
    await limited.close();
  });

  test('behind a trusted proxy are counted by client, and those of the proxy itself are not', async ({
    gateway,
  }) => {
    const { url, close } = await startLimited(gateway);
    for (let i = 0; i < BURST; i += 1) expect((await from(url, '2001:db8::1')).status).toBe(200);
    expect(await problemOf(await from(url, '2001:db8::2'))).toEqual(RATE_LIMITED);
    expect((await from(url, '2001:db8:0:1::1')).status).toBe(200);
    for (let i = 0; i < 2 * BURST; i += 1) expect((await fetch(`${url}/livez`)).status).toBe(200);
    await close();
  });

  test.for([
    ['/56', 2 * BURST, (i: number) => `2001:db8:0:${i.toString(16)}::1`, '2001:db8:0:100::1'],
    ['/48', 4 * BURST, (i: number) => `2001:db8:0:${i.toString(16)}00::1`, '2001:db8:1::1'],
  ] as const)(
    'from a new /64 of one IPv6 %s each are limited together, and those of the next network are not',
    async ([name, max, addressOf, other], { gateway }) => {
      const { url, close } = await startLimited(gateway);
      for (let i = 0; i < max; i += 1) expect((await from(url, addressOf(i))).status).toBe(200);
      const refused = await from(url, addressOf(max));
      expect(refused.headers.get('ratelimit')).toMatch(`"network-${name.slice(1)}";r=0`);
      expect(await problemOf(refused)).toEqual(RATE_LIMITED);
      expect((await from(url, other)).status).toBe(200);
      await close();
    },
  );
});
