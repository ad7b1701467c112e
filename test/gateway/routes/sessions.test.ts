import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { authzKey, sessionKey, sessionsKey } from '../../../src/redis/keys.ts';
import { writeAuthorization } from '../../../src/users/authorization.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, postJson, problemOf } from '../../support/gateway.ts';
import { logIn, refresh, startAnotherGateway, statusOf, type Tokens } from '../../support/sessions.ts';

const CAP = 3;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;

interface Listed {
  session_id: string;
  last_seen_at: string;
  created_at: string;
  current: boolean;
}

const test = gatewayTest({
  SESSIONS_PER_USER_MAX: String(CAP),
  LOGIN_FAILURES_PER_USERNAME: '1000',
  LOGIN_FAILURES_PER_ADDRESS: '1000',
  PASSWORD_QUEUE_MAX: '100',
})
  .extend(
    'ask',
    ({ gateway }) =>
      (tokens: Tokens, path: string, method = 'GET', url = gateway.url): Promise<Response> =>
        fetch(url + path, { method, headers: bearer(tokens.access_token) }),
  )
  .extend('list', ({ ask }) => async (tokens: Tokens): Promise<Listed[]> => {
    const response = await ask(tokens, '/auth/sessions');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    return ((await response.json()) as { sessions: Listed[] }).sessions;
  })
  .extend(
    'idsOf',
    ({ list }) =>
      async (tokens: Tokens): Promise<string[]> =>
        (await list(tokens)).map((one) => one.session_id),
  );

/** No test counts the sessions of another. */
test.afterEach(async ({ gateway }) => {
  for (const pattern of [sessionKey('*', '*'), sessionsKey('*')]) {
    const keys = await gateway.link.run((client) => client.keys(pattern));
    if (keys.length > 0) await gateway.link.run((client) => client.del(keys));
  }
});

describe('the list', () => {
  test('shows device, address and times of each session and marks the current one', async ({
    gateway,
    list,
  }) => {
    const before = Date.now();
    const phone = await logIn(gateway.url, 'bob', { headers: { 'user-agent': FIREFOX } });
    const tool = await logIn(gateway.url, 'bob', { headers: { 'user-agent': 'curl/8.1' } });
    const sessions = await list(tool);
    expect(sessions).toHaveLength(2);
    expect(sessions.find(({ session_id }) => session_id === phone.session_id)).toEqual({
      session_id: phone.session_id,
      client_id: 'portcullis-web',
      device: 'Firefox on Linux',
      address: '127.0.0.1',
      created_at: expect.any(String),
      refreshed_at: expect.any(String),
      last_seen_at: expect.any(String),
      ends_at: new Date((claimsOf(phone).iat + 43_200) * 1000).toISOString(),
      current: false,
    });
    expect(sessions.find(({ current }) => current)).toMatchObject({
      session_id: tool.session_id,
      device: 'curl',
    });
    const created = sessions.map(({ created_at }) => Date.parse(created_at));
    expect(Math.min(...created)).toBeGreaterThanOrEqual(before);
    expect(Math.max(...created)).toBeLessThanOrEqual(Date.now());
  });

  test('contains no token and no other credential', async ({ gateway, ask, list }) => {
    const tokens = await logIn(gateway.url);
    const text = await (await ask(tokens, '/auth/sessions')).text();
    for (const secret of [claimsOf(tokens).jti, ...tokens.access_token.split('.'), tokens.refresh_token])
      expect(text).not.toContain(secret);
    for (const { session_id } of await list(tokens))
      expect(await statusOf(gateway.url, session_id)).toBe(401);
  });

  test("does not show another user's sessions", async ({ gateway, idsOf }) => {
    const [hers, his] = [await logIn(gateway.url, 'alice'), await logIn(gateway.url, 'bob')];
    expect(await idsOf(hers)).toEqual([hers.session_id]);
    expect(await idsOf(his)).toEqual([his.session_id]);
  });

  test('omits sessions that were logged out, are idle, or were ended together', async ({
    gateway,
    ask,
    idsOf,
  }) => {
    const [idle, out, live] = [await logIn(gateway.url), await logIn(gateway.url), await logIn(gateway.url)];
    const { sub, sid } = claimsOf(idle);
    await gateway.link.run((client) => client.del(sessionKey(sub, sid)));
    await ask(out, '/auth/logout', 'POST');
    expect(await idsOf(live)).toEqual([live.session_id]);
    const set = (generation: number) =>
      gateway.link.run((client) =>
        client.set(authzKey(sub), writeAuthorization({ role: 'user', generation })),
      );
    await set(1);
    expect((await ask(live, '/auth/sessions')).status).toBe(401);
    await set(0);
  });

  test.for<[what: string, userAgent: string]>([
    ['no user agent', ''],
    ['a script as user agent', '<script>alert(1)</script>'],
    ['a very long user agent', `${'x('.repeat(5000)}`],
    ['a user agent outside ASCII', 'Zo\u00eb/1.0'],
  ])('still works after %s', async ([_what, userAgent], { gateway, list }) => {
    const tokens = await logIn(gateway.url, 'bob', { headers: { 'user-agent': userAgent } });
    const [session] = (await list(tokens)) as unknown as { device: string }[];
    expect(session?.device).toMatch(/^[\x20-\x7e]{1,80}$/);
  });
});

describe('ending one session', () => {
  test('revokes its tokens on the next request at every gateway, and affects no other session', async ({
    gateway,
    ask,
    idsOf,
  }) => {
    const second = await startAnotherGateway(gateway);
    const [mine, lost] = [await logIn(gateway.url), await logIn(gateway.url)];
    expect(await statusOf(second.url, lost.access_token)).toBe(200);
    const response = await ask(mine, `/auth/sessions/${lost.session_id}`, 'DELETE');
    expect(response.status).toBe(204);
    for (const url of [gateway.url, second.url]) {
      expect(await problemOf(await ask(lost, '/auth/session', 'GET', url))).toEqual({
        status: 401,
        code: 'token_revoked',
      });
      expect((await refresh(url, lost.refresh_token)).status).toBe(401);
    }
    expect(await idsOf(mine)).toEqual([mine.session_id]);
    expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
      action: 'session_end',
      result: 'done',
      actor: claimsOf(mine).sub,
      subject: claimsOf(mine).sub,
      session: lost.session_id,
    });
    await second.close();
  });

  test("another user's session is a 404 like an unknown one, and continues", async ({ gateway, ask }) => {
    const [mine, hers] = [await logIn(gateway.url, 'bob'), await logIn(gateway.url, 'alice')];
    const before = await gateway.redis.dump();
    for (const sid of [hers.session_id, 'x'.repeat(22), 'none', '*', '%7B%7D'])
      expect((await ask(mine, `/auth/sessions/${sid}`, 'DELETE')).status).toBe(404);
    const unknown = await ask(mine, `/auth/sessions/${hers.session_id}`, 'DELETE');
    expect(await problemOf(unknown)).toEqual({ status: 404, code: 'session_unknown' });
    expect(await gateway.redis.dump()).toEqual(before);
    expect(await statusOf(gateway.url, hers.access_token)).toBe(200);
  });

  test('a session that has already ended is a 404', async ({ gateway, ask }) => {
    const [mine, lost] = [await logIn(gateway.url), await logIn(gateway.url)];
    const statuses = await Promise.all(
      Array.from(
        { length: 5 },
        async () => (await ask(mine, `/auth/sessions/${lost.session_id}`, 'DELETE')).status,
      ),
    );
    expect(statuses.sort()).toEqual([204, 404, 404, 404, 404]);
  });

  test('the current session can be ended like any other', async ({ gateway, ask }) => {
    const mine = await logIn(gateway.url);
    expect((await ask(mine, `/auth/sessions/${mine.session_id}`, 'DELETE')).status).toBe(204);
    expect(await statusOf(gateway.url, mine.access_token)).toBe(401);
  });
});

describe('ending all sessions', () => {
  test('with keep=current ends all others and returns their number', async ({ gateway, ask }) => {
    const [one, two, mine] = [await logIn(gateway.url), await logIn(gateway.url), await logIn(gateway.url)];
    const hers = await logIn(gateway.url, 'alice');
    const response = await ask(mine, '/auth/sessions?keep=current', 'DELETE');
    expect([response.status, await response.json()]).toEqual([200, { ended: 2 }]);
    for (const { access_token } of [one, two]) expect(await statusOf(gateway.url, access_token)).toBe(401);
    for (const { access_token } of [mine, hers]) expect(await statusOf(gateway.url, access_token)).toBe(200);
    expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
      action: 'sessions_end',
      actor: claimsOf(mine).sub,
      subject: claimsOf(mine).sub,
    });
  });

  test('without keep also ends the current one', async ({ gateway, ask }) => {
    const [other, mine] = [await logIn(gateway.url), await logIn(gateway.url)];
    const response = await ask(mine, '/auth/sessions', 'DELETE');
    expect([response.status, await response.json()]).toEqual([200, { ended: 2 }]);
    for (const { access_token } of [other, mine]) expect(await statusOf(gateway.url, access_token)).toBe(401);
  });

  test.for(['all', 'Current', '', 'current&keep=none'])(
    'keep=%s is a 400 and ends nothing',
    async (keep, { gateway, ask, idsOf }) => {
      const [other, mine] = [await logIn(gateway.url), await logIn(gateway.url)];
      const response = await ask(mine, `/auth/sessions?keep=${keep}`, 'DELETE');
      expect(await problemOf(response)).toEqual({ status: 400, code: 'query_invalid' });
      expect((await idsOf(mine)).sort()).toEqual([other.session_id, mine.session_id].sort());
    },
  );
});

describe('the session limit of a user', () => {
  test('with evict-oldest another login ends the oldest session, and the audit record names it', async ({
    gateway,
  }) => {
    const sessions: Tokens[] = [];
    for (let i = 0; i < CAP + 1; i += 1) sessions.push(await logIn(gateway.url));
    const statuses = await Promise.all(
      sessions.map(({ access_token }) => statusOf(gateway.url, access_token)),
    );
    expect(statuses).toEqual([401, 200, 200, 200]);
    expect((await auditRecords(gateway.link)).at(-1)?.detail).toContain(sessions[0]?.session_id);
  });

  test('idle and ended sessions do not count', async ({ gateway, ask }) => {
    const [idle, out, live] = [await logIn(gateway.url), await logIn(gateway.url), await logIn(gateway.url)];
    const { sub, sid } = claimsOf(idle);
    await gateway.link.run((client) => client.del(sessionKey(sub, sid)));
    await ask(out, '/auth/logout', 'POST');
    const more = [await logIn(gateway.url), await logIn(gateway.url)];
    for (const { access_token } of [live, ...more])
      expect(await statusOf(gateway.url, access_token)).toBe(200);
  });

  test('is never exceeded by twenty concurrent logins at two gateways', async ({ gateway }) => {
    const second = await startAnotherGateway(gateway);
    const sessions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => logIn(i % 2 === 0 ? gateway.url : second.url)),
    );
    const statuses = await Promise.all(
      sessions.map(({ access_token }) => statusOf(gateway.url, access_token)),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(CAP);
    await second.close();
  });

  test('with refuse another login is a 403, and succeeds once a session has ended', async ({
    gateway,
    ask,
  }) => {
    const strict = await startAnotherGateway(gateway, { settings: { sessionsPerUserPolicy: 'refuse' } });
    const sessions: Tokens[] = [];
    for (let i = 0; i < CAP; i += 1) sessions.push(await logIn(strict.url));
    const [first] = sessions as [Tokens];
    const body = { username: 'bob', password: 'foobared' };
    const keysBefore = [...(await gateway.redis.dump()).keys()].filter((key) => key.includes('sess')).sort();
    expect(await problemOf(await postJson(`${strict.url}/auth/login`, body))).toEqual({
      status: 403,
      code: 'too_many_sessions',
    });
    expect([...(await gateway.redis.dump()).keys()].filter((key) => key.includes('sess')).sort()).toEqual(
      keysBefore,
    );
    for (const { access_token } of sessions) expect(await statusOf(strict.url, access_token)).toBe(200);
    expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({ action: 'login', result: 'refused' });
    await ask(first, '/auth/logout', 'POST');
    await logIn(strict.url);
    await strict.close();
  });

  test('with a limit of one, a login ends the previous session', async ({ gateway }) => {
    const single = await startAnotherGateway(gateway, { settings: { sessionsPerUserMax: 1 } });
    const [first, second] = [await logIn(single.url), await logIn(single.url)];
    expect(await statusOf(single.url, first.access_token)).toBe(401);
    expect((await refresh(single.url, first.refresh_token)).status).toBe(401);
    expect(await statusOf(single.url, second.access_token)).toBe(200);
    await single.close();
  });
});
