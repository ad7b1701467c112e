import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { revocationsChannel, superAdminsKey } from '../../../src/redis/keys.ts';
import { bearer, loginAs } from '../../support/gateway.ts';
import { type GatewayPair, startGatewayPair } from '../../support/gateway-pair.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { idOf, passwordOf, send, sessionProblem } from './admin-clients.ts';

const REVOKED = { status: 401, code: 'token_revoked' };

let pair: GatewayPair;
let bank: Upstream;
let root: string;
let ada: string;
beforeAll(async () => {
  bank = await startUpstream();
  pair = await startGatewayPair({ BANK_URL: bank.url });
  [root, ada] = [await loginAs(pair.url, 'root'), await loginAs(pair.url, 'ada')];
});
afterAll(async () => {
  await pair.close();
  await bank.close();
});
beforeEach(async () => {
  const counters = await pair.link.run((client) => client.keys('throttle:*'));
  if (counters.length > 0) await pair.link.run((client) => client.del(counters));
});

const path = (username: string, act: string): string =>
  `${pair.url}/admin/users/${idOf(pair, username)}/${act}`;
const actAs = (token: string, username: string, act: string, body?: unknown) =>
  send(path(username, act), body === undefined ? 'POST' : 'PUT', { token, body });
const shown = async (username: string) =>
  (await send(`${pair.url}/admin/users/${idOf(pair, username)}`, 'GET', { token: root })).body;
const login = (url: string, username: string) =>
  send(`${url}/auth/login`, 'POST', { body: { username, password: passwordOf(username) } });
const audited = async (action: string) => {
  const page = await send(`${pair.url}/admin/audit?limit=1&action=${action}`, 'GET', { token: root });
  return (page.body.records as Record<string, unknown>[])[0];
};

describe('actions take effect on the next request at every gateway', () => {
  test('blocking ends all sessions and prevents login and refresh, and unblocking restores no session', async () => {
    const tokens = [await loginAs(pair.url, 'bob'), await loginAs(pair.otherUrl, 'bob')];
    const { body } = await login(pair.url, 'bob');
    expect(await actAs(ada, 'bob', 'block')).toMatchObject({ status: 200, body: { status: 'blocked' } });
    for (const token of tokens)
      for (const url of [pair.url, pair.otherUrl]) expect(await sessionProblem(url, token)).toEqual(REVOKED);
    expect(await login(pair.otherUrl, 'bob')).toMatchObject({ status: 401, body: { code: 'login_failed' } });
    const refresh = { body: { refresh_token: body.refresh_token } };
    expect((await send(`${pair.otherUrl}/auth/refresh`, 'POST', refresh)).status).toBe(401);
    expect(await audited('user_block')).toMatchObject({
      actor: idOf(pair, 'ada'),
      subject: idOf(pair, 'bob'),
      result: 'done',
      address: '127.0.0.1',
    });

    expect(await actAs(ada, 'bob', 'unblock')).toMatchObject({ status: 200, body: { status: 'active' } });
    for (const token of tokens) expect(await sessionProblem(pair.otherUrl, token)).toEqual(REVOKED);
    expect((await send(`${pair.url}/auth/refresh`, 'POST', refresh)).status).toBe(401);
    expect((await login(pair.otherUrl, 'bob')).status).toBe(200);
  });

  test('a forced logout ends and unlists all sessions, and the user can log in again', async () => {
    const tokens = [await loginAs(pair.url, 'alice'), await loginAs(pair.otherUrl, 'alice')];
    expect((await actAs(ada, 'alice', 'logout')).status).toBe(200);
    for (const token of tokens) expect(await sessionProblem(pair.otherUrl, token)).toEqual(REVOKED);
    const sessions = await send(path('alice', 'sessions'), 'GET', { token: ada });
    expect(sessions).toEqual({ status: 200, body: { sessions: [] } });
    expect((await login(pair.url, 'alice')).status).toBe(200);
  });

  test('a demoted admin loses the permission on the next request and keeps the session', async () => {
    const token = await loginAs(pair.otherUrl, 'ada');
    const list = () => send(`${pair.otherUrl}/admin/users`, 'GET', { token });
    expect((await list()).status).toBe(200);
    expect(await actAs(root, 'ada', 'role', { role: 'supervisor' })).toMatchObject({
      status: 200,
      body: { role: 'supervisor' },
    });
    expect(await list()).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(await send(`${pair.otherUrl}/auth/session`, 'GET', { token })).toMatchObject({
      status: 200,
      body: { role: 'supervisor' },
    });
    expect(await audited('user_role')).toMatchObject({ detail: 'supervisor', subject: idOf(pair, 'ada') });
    await actAs(root, 'ada', 'role', { role: 'admin' });
    expect((await list()).status).toBe(200);
  });

  test('a customer who becomes staff has to log in again, so no 30-day session exceeds the limit for staff', async () => {
    const body = { username: 'alice', password: passwordOf('alice'), remember: true };
    const remembered = await send(`${pair.url}/auth/login`, 'POST', { body });
    await actAs(root, 'alice', 'role', { role: 'supervisor' });
    expect(await sessionProblem(pair.otherUrl, String(remembered.body.access_token))).toEqual(REVOKED);
    const refresh = { body: { refresh_token: remembered.body.refresh_token } };
    expect((await send(`${pair.otherUrl}/auth/refresh`, 'POST', refresh)).status).toBe(401);

    const again = await send(`${pair.url}/auth/login`, 'POST', { body });
    const token = String(again.body.access_token);
    const { body: mine } = await send(`${pair.url}/auth/sessions`, 'GET', { token });
    const [session] = mine.sessions as { ends_at: string }[];
    expect(Date.parse(session?.ends_at ?? '') - Date.now()).toBeLessThanOrEqual(43_200_000);
    await actAs(root, 'alice', 'role', { role: 'user' });
    expect((await sessionProblem(pair.url, token)).status).toBe(200);
  });

  test('one session of a user can be ended by its id, and the others continue', async () => {
    const [first, second] = [await login(pair.url, 'sam'), await login(pair.otherUrl, 'sam')];
    const sid = String(first.body.session_id);
    const end = () => send(`${path('sam', 'sessions')}/${sid}`, 'DELETE', { token: ada });
    expect((await end()).status).toBe(204);
    expect(await sessionProblem(pair.otherUrl, String(first.body.access_token))).toEqual(REVOKED);
    expect((await sessionProblem(pair.url, String(second.body.access_token))).status).toBe(200);
    expect(await end()).toMatchObject({ status: 404, body: { code: 'session_unknown' } });
    expect(await audited('session_end')).toMatchObject({ session: sid, subject: idOf(pair, 'sam') });
  });

  test('address ranges apply to active sessions and to logins, which fail as for a wrong password', async () => {
    const token = await loginAs(pair.url, 'sam');
    const ranges = ['192.0.2.0/24', '2001:db8::/32'];
    expect(await actAs(ada, 'sam', 'ranges', { ranges })).toMatchObject({ status: 200, body: { ranges } });
    expect(await sessionProblem(pair.otherUrl, token)).toEqual({ status: 403, code: 'address_refused' });
    expect(await login(pair.url, 'sam')).toMatchObject({ status: 401, body: { code: 'login_failed' } });
    expect(await audited('login')).toMatchObject({ result: 'refused', detail: 'address_refused' });

    expect((await actAs(ada, 'sam', 'ranges', { ranges: ['127.0.0.1'] })).status).toBe(200);
    expect((await sessionProblem(pair.otherUrl, token)).status).toBe(200);
    expect((await actAs(ada, 'sam', 'ranges', { ranges: [] })).body).toMatchObject({ ranges: [] });
    expect((await login(pair.url, 'sam')).status).toBe(200);
  });

  test('each action is published, so that every gateway re-checks the live responses of the user at once', async () => {
    const heard: string[] = [];
    const listener = await pair.link.run(async (client) => {
      const own = client.duplicate();
      await own.connect();
      await own.subscribe(revocationsChannel(), (sub) => heard.push(sub));
      return own;
    });
    try {
      for (const act of ['logout', 'password-reset', 'block', 'unblock']) await actAs(ada, 'alice', act);
      await actAs(ada, 'alice', 'ranges', { ranges: [] });
      await actAs(root, 'alice', 'role', { role: 'user' });
      await expect.poll(() => heard).toEqual(Array(6).fill(idOf(pair, 'alice')));
    } finally {
      listener.destroy();
    }
  });

  test.each(['block', 'logout', 'password-reset'])(
    '%s ends an open event stream at the other gateway',
    async (act) => {
      bank.answerWith((_incoming, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        outgoing.write('data: 1\n\n');
      });
      const password = 'correct horse battery';
      const username = `listener-${act}`;
      const made = await send(`${pair.url}/admin/users`, 'POST', {
        token: ada,
        body: { username, password },
      });
      const { body } = await send(`${pair.url}/auth/login`, 'POST', { body: { username, password } });
      const stream = await fetch(`${pair.otherUrl}/bank/accounts/1/stream`, {
        headers: { ...bearer(String(body.access_token)), accept: 'text/event-stream' },
      });
      const reader = stream.body?.getReader();
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n');
      const ended = reader?.read().then(
        ({ done }) => done,
        () => true,
      );
      await send(`${pair.url}/admin/users/${made.body.id}/${act}`, 'POST', { token: ada });
      expect(await Promise.race([ended, delay(1500)])).toBe(true);
    },
  );
});

describe('without permission', () => {
  test.each([
    ['an admin, for another admin,', 'ada', 'ada2', 'rank_too_low'],
    ['an admin, for a super-admin,', 'ada', 'root', 'rank_too_low'],
    ['an admin, for their own account,', 'ada', 'ada', 'own_account'],
    ['a super-admin, for their own account,', 'root', 'root', 'own_account'],
  ])(
    '%s cannot block, log out, reset or restrict the user or end sessions, and nothing changes',
    async (_what, actor, target, code) => {
      const token = actor === 'ada' ? ada : root;
      const made = target === 'ada2' ? await makeSecondAdmin() : idOf(pair, target);
      const url = `${pair.url}/admin/users/${made}`;
      const before = await pair.redis.dump();
      const acts = [
        await send(`${url}/block`, 'POST', { token }),
        await send(`${url}/unblock`, 'POST', { token }),
        await send(`${url}/logout`, 'POST', { token }),
        await send(`${url}/password-reset`, 'POST', { token }),
        await send(`${url}/ranges`, 'PUT', { token, body: { ranges: ['192.0.2.1'] } }),
        await send(`${url}/sessions/${'x'.repeat(22)}`, 'DELETE', { token }),
      ];
      for (const response of acts) expect(response).toMatchObject({ status: 403, body: { code } });
      const after = await pair.redis.dump();
      for (const key of [`user:{${made}}`, `authz:{${made}}`]) expect(after.get(key)).toBe(before.get(key));
    },
  );

  let secondAdmin: string | undefined;
  async function makeSecondAdmin(): Promise<string> {
    const body = { username: 'ada2', password: 'correct horse battery', role: 'admin' };
    secondAdmin ??= String((await send(`${pair.url}/admin/users`, 'POST', { token: root, body })).body.id);
    return secondAdmin;
  }

  test('users cannot change their own role, and only a super-admin can change the role of others', async () => {
    expect(await actAs(root, 'root', 'role', { role: 'user' })).toMatchObject({
      status: 403,
      body: { code: 'own_account' },
    });
    for (const target of ['ada', 'bob'])
      expect(await actAs(ada, target, 'role', { role: 'super-admin' })).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope' },
      });
    expect([(await shown('root')).role, (await shown('bob')).role]).toEqual(['super-admin', 'user']);
  });

  test('a customer and a supervisor are refused on every route under /admin, and so are requests without a token', async () => {
    for (const username of ['bob', 'sam']) {
      const token = await loginAs(pair.url, username);
      for (const route of [
        'users',
        `users/${idOf(pair, 'bob')}`,
        `users/${idOf(pair, 'bob')}/sessions`,
        'audit',
      ])
        expect(await send(`${pair.url}/admin/${route}`, 'GET', { token })).toMatchObject({
          status: 403,
          body: { code: 'insufficient_scope' },
        });
      expect((await actAs(token, 'alice', 'block')).status).toBe(403);
    }
    expect(await send(`${pair.url}/admin/users`, 'GET')).toMatchObject({
      status: 401,
      body: { code: 'credential_missing' },
    });
    expect((await shown('alice')).status).toBe('active');
  });

  test('every route of an unknown user is a 404', async () => {
    for (const id of ['x'.repeat(22), '%7Bx%7D', 'root'])
      for (const act of ['block', 'logout', 'password-reset'])
        expect(await send(`${pair.url}/admin/users/${id}/${act}`, 'POST', { token: root })).toMatchObject({
          status: 404,
          body: { code: 'user_unknown' },
        });
  });

  test.each([
    ['a role that does not exist', 'role', { role: 'emperor' }, 'role'],
    ['no role', 'role', {}, 'role'],
    ['an invalid range', 'ranges', { ranges: ['10.0.0.0/8', '300.1.1.1'] }, 'ranges.1'],
    ['an invalid prefix length', 'ranges', { ranges: ['10.0.0.0/33'] }, 'ranges.0'],
    ['text in place of ranges', 'ranges', { ranges: '10.0.0.0/8' }, 'ranges'],
  ])('%s is a 400 that names the field', async (_what, act, body, field) => {
    expect(await actAs(root, 'bob', act, body)).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', errors: [expect.objectContaining({ field })] },
    });
  });
});

describe('there is always an active super-admin', () => {
  test('if two super-admins demote or block each other concurrently, one of them remains', async () => {
    const body = { username: 'root2', password: 'correct horse battery', role: 'super-admin' };
    const { body: made } = await send(`${pair.url}/admin/users`, 'POST', { token: root, body });
    const [one, two] = [idOf(pair, 'root'), String(made.id)];
    let [oneToken, twoToken] = [root, ''];
    const newToken = async (username: string, password: string): Promise<string> =>
      String(
        (await send(`${pair.url}/auth/login`, 'POST', { body: { username, password } })).body.access_token,
      );
    const demote = (url: string, id: string, token: string) =>
      send(`${url}/admin/users/${id}/role`, 'PUT', { token, body: { role: 'admin' } });
    const block = (url: string, id: string, token: string) =>
      send(`${url}/admin/users/${id}/block`, 'POST', { token });
    for (let round = 0; round < 12; round += 1) {
      oneToken = await newToken('root', passwordOf('root'));
      twoToken = await newToken('root2', 'correct horse battery');
      const act = round % 2 === 0 ? demote : block;
      const outcomes = await Promise.all([act(pair.url, two, oneToken), act(pair.otherUrl, one, twoToken)]);
      const statuses = outcomes.map(({ status }) => status).sort();
      expect(statuses[0]).toBe(200);
      expect([401, 403, 409]).toContain(statuses[1]);
      const [winner, loser] = outcomes[0]?.status === 200 ? [oneToken, two] : [twoToken, one];
      const url = `${pair.url}/admin/users/${loser}`;
      if (act === demote)
        expect(
          (await send(`${url}/role`, 'PUT', { token: winner, body: { role: 'super-admin' } })).status,
        ).toBe(200);
      else expect((await send(`${url}/unblock`, 'POST', { token: winner })).status).toBe(200);
    }
    root = await newToken('root', passwordOf('root'));
    const last = await send(`${pair.url}/admin/users/${two}/role`, 'PUT', {
      token: root,
      body: { role: 'user' },
    });
    expect(last.status).toBe(200);
    const named = await pair.link.run((client) => client.hGetAll(superAdminsKey()));
    expect(
      Object.entries(named)
        .filter(([, ver]) => ver.startsWith('+'))
        .map(([id]) => id),
    ).toEqual([one]);
  });
});
