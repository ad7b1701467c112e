import { setTimeout as delay } from 'node:timers/promises';
import { test as base, describe, expect } from 'vitest';
import { revocationsChannel, superAdminsKey } from '../../../src/redis/keys.ts';
import { revokedUser } from '../../../src/users/revocations/entry.ts';
import { bearer, loginAs } from '../../support/gateway.ts';
import { type GatewayPair, startGatewayPair } from '../../support/gateway-pair.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { idOf, passwordOf, send, sessionProblem } from './admin-clients.ts';

const REVOKED = { status: 401, code: 'token_revoked' };

const test = base
  .extend('upstream', { scope: 'file' }, async ({}, { onCleanup }): Promise<Upstream> => {
    const upstream = await startUpstream();
    onCleanup(() => upstream.close());
    return upstream;
  })
  .extend('pair', { scope: 'file' }, async ({ upstream }, { onCleanup }): Promise<GatewayPair> => {
    const pair = await startGatewayPair({ BANK_URL: upstream.url });
    onCleanup(() => pair.close());
    return pair;
  })
  .extend('root', { scope: 'file' }, ({ pair }) => loginAs(pair.url, 'root'))
  .extend('ada', { scope: 'file' }, ({ pair }) => loginAs(pair.url, 'ada'))
  .extend('secondAdmin', { scope: 'file' }, async ({ pair, root: token }) => {
    const body = { username: 'ada2', password: 'correct horse battery', role: 'admin' };
    return String((await send(`${pair.url}/admin/users`, 'POST', { token, body })).body.id);
  })
  .extend(
    'path',
    ({ pair }) =>
      (username: string, action: string): string =>
        `${pair.url}/admin/users/${idOf(pair, username)}/${action}`,
  )
  .extend(
    'shownUser',
    ({ pair, root }) =>
      async (username: string) =>
        (await send(`${pair.url}/admin/users/${idOf(pair, username)}`, 'GET', { token: root })).body,
  )
  .extend('lastAuditRecord', ({ pair, root }) => async (action: string) => {
    const page = await send(`${pair.url}/admin/audit?limit=1&action=${action}`, 'GET', { token: root });
    return (page.body.records as Record<string, unknown>[])[0];
  })
  .extend(
    'runAction',
    ({ path }) =>
      (token: string, username: string, action: string, body?: unknown) =>
        send(path(username, action), body === undefined ? 'POST' : 'PUT', { token, body }),
  );

test.beforeEach(({ pair }) => resetRateLimits(pair.link));

const login = (url: string, username: string) =>
  send(`${url}/auth/login`, 'POST', { body: { username, password: passwordOf(username) } });

describe('actions take effect on the next request at every gateway', () => {
  test('blocking ends all sessions and prevents login and refresh, and unblocking restores no session', async ({
    pair,
    runAction,
    ada,
    lastAuditRecord,
  }) => {
    const tokens = [await loginAs(pair.url, 'bob'), await loginAs(pair.otherUrl, 'bob')];
    const { body } = await login(pair.url, 'bob');
    expect(await runAction(ada, 'bob', 'block')).toMatchObject({ status: 200, body: { status: 'blocked' } });
    for (const token of tokens)
      for (const url of [pair.url, pair.otherUrl]) expect(await sessionProblem(url, token)).toEqual(REVOKED);
    expect(await login(pair.otherUrl, 'bob')).toMatchObject({ status: 401, body: { code: 'login_failed' } });
    const refresh = { body: { refresh_token: body.refresh_token } };
    expect((await send(`${pair.otherUrl}/auth/refresh`, 'POST', refresh)).status).toBe(401);
    expect(await lastAuditRecord('user_block')).toMatchObject({
      actor: idOf(pair, 'ada'),
      subject: idOf(pair, 'bob'),
      result: 'done',
      address: '127.0.0.1',
    });

    expect(await runAction(ada, 'bob', 'unblock')).toMatchObject({ status: 200, body: { status: 'active' } });
    for (const token of tokens) expect(await sessionProblem(pair.otherUrl, token)).toEqual(REVOKED);
    expect((await send(`${pair.url}/auth/refresh`, 'POST', refresh)).status).toBe(401);
    expect((await login(pair.otherUrl, 'bob')).status).toBe(200);
  });

  test('a forced logout ends and unlists all sessions, and the user can log in again', async ({
    pair,
    runAction,
    ada,
    path,
  }) => {
    const tokens = [await loginAs(pair.url, 'alice'), await loginAs(pair.otherUrl, 'alice')];
    expect((await runAction(ada, 'alice', 'logout')).status).toBe(200);
    for (const token of tokens) expect(await sessionProblem(pair.otherUrl, token)).toEqual(REVOKED);
    const sessions = await send(path('alice', 'sessions'), 'GET', { token: ada });
    expect(sessions).toEqual({ status: 200, body: { sessions: [] } });
    expect((await login(pair.url, 'alice')).status).toBe(200);
  });

  test('a demoted admin loses the permission on the next request and keeps the session', async ({
    pair,
    runAction,
    root,
    lastAuditRecord,
  }) => {
    const token = await loginAs(pair.otherUrl, 'ada');
    const list = () => send(`${pair.otherUrl}/admin/users`, 'GET', { token });
    expect((await list()).status).toBe(200);
    expect(await runAction(root, 'ada', 'role', { role: 'supervisor' })).toMatchObject({
      status: 200,
      body: { role: 'supervisor' },
    });
    expect(await list()).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(await send(`${pair.otherUrl}/auth/session`, 'GET', { token })).toMatchObject({
      status: 200,
      body: { role: 'supervisor' },
    });
    expect(await lastAuditRecord('user_role')).toMatchObject({
      detail: 'supervisor',
      subject: idOf(pair, 'ada'),
    });
    await runAction(root, 'ada', 'role', { role: 'admin' });
    expect((await list()).status).toBe(200);
  });

  test('a customer who becomes staff has to log in again, so no 30-day session exceeds the limit for staff', async ({
    pair,
    runAction,
    root,
  }) => {
    const body = { username: 'alice', password: passwordOf('alice'), remember: true };
    const remembered = await send(`${pair.url}/auth/login`, 'POST', { body });
    await runAction(root, 'alice', 'role', { role: 'supervisor' });
    expect(await sessionProblem(pair.otherUrl, String(remembered.body.access_token))).toEqual(REVOKED);
    const refresh = { body: { refresh_token: remembered.body.refresh_token } };
    expect((await send(`${pair.otherUrl}/auth/refresh`, 'POST', refresh)).status).toBe(401);

    const again = await send(`${pair.url}/auth/login`, 'POST', { body });
    const token = String(again.body.access_token);
    const { body: mine } = await send(`${pair.url}/auth/sessions`, 'GET', { token });
    const [session] = mine.sessions as { ends_at: string }[];
    expect(Date.parse(session?.ends_at ?? '') - Date.now()).toBeLessThanOrEqual(43_200_000);
    await runAction(root, 'alice', 'role', { role: 'user' });
    expect((await sessionProblem(pair.url, token)).status).toBe(200);
  });

  test('one session of a user can be ended by its id, and the others continue', async ({
    pair,
    path,
    ada,
    lastAuditRecord,
  }) => {
    const [first, second] = [await login(pair.url, 'sam'), await login(pair.otherUrl, 'sam')];
    const sid = String(first.body.session_id);
    const end = () => send(`${path('sam', 'sessions')}/${sid}`, 'DELETE', { token: ada });
    expect((await end()).status).toBe(204);
    expect(await sessionProblem(pair.otherUrl, String(first.body.access_token))).toEqual(REVOKED);
    expect((await sessionProblem(pair.url, String(second.body.access_token))).status).toBe(200);
    expect(await end()).toMatchObject({ status: 404, body: { code: 'session_unknown' } });
    expect(await lastAuditRecord('session_end')).toMatchObject({ session: sid, subject: idOf(pair, 'sam') });
  });

  test('address ranges apply to active sessions and to logins, which fail as for a wrong password', async ({
    pair,
    runAction,
    ada,
    lastAuditRecord,
  }) => {
    const token = await loginAs(pair.url, 'sam');
    const ranges = ['192.0.2.0/24', '2001:db8::/32'];
    expect(await runAction(ada, 'sam', 'ranges', { ranges })).toMatchObject({
      status: 200,
      body: { ranges },
    });
    expect(await sessionProblem(pair.otherUrl, token)).toEqual({ status: 403, code: 'address_refused' });
    expect(await login(pair.url, 'sam')).toMatchObject({ status: 401, body: { code: 'login_failed' } });
    expect(await lastAuditRecord('login')).toMatchObject({ result: 'refused', detail: 'address_refused' });

    expect((await runAction(ada, 'sam', 'ranges', { ranges: ['127.0.0.1'] })).status).toBe(200);
    expect((await sessionProblem(pair.otherUrl, token)).status).toBe(200);
    expect((await runAction(ada, 'sam', 'ranges', { ranges: [] })).body).toMatchObject({ ranges: [] });
    expect((await login(pair.url, 'sam')).status).toBe(200);
  });

  test('each action is published, so that every gateway re-checks the live responses of the user at once', async ({
    pair,
    runAction,
    ada,
    root,
  }) => {
    const heard: string[] = [];
    const listener = await pair.link.run(async (client) => {
      const own = client.duplicate();
      await own.connect();
      await own.subscribe(revocationsChannel(), (message) => heard.push(revokedUser(message)));
      return own;
    });
    try {
      for (const action of ['logout', 'password-reset', 'block', 'unblock'])
        await runAction(ada, 'alice', action);
      await runAction(ada, 'alice', 'ranges', { ranges: [] });
      await runAction(root, 'alice', 'role', { role: 'user' });
      await expect.poll(() => heard).toEqual(Array(6).fill(idOf(pair, 'alice')));
    } finally {
      listener.destroy();
    }
  });

  test.for(['block', 'logout', 'password-reset'])(
    '%s ends an open event stream at the other gateway',
    async (action, { upstream, pair, ada }) => {
      upstream.respondWith((_incoming, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        outgoing.write('data: 1\n\n');
      });
      const password = 'correct horse battery';
      const username = `listener-${action}`;
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
      await send(`${pair.url}/admin/users/${made.body.id}/${action}`, 'POST', { token: ada });
      expect(await Promise.race([ended, delay(1500)])).toBe(true);
    },
  );
});

describe('without permission', () => {
  test.for<[what: string, actor: string, target: string, code: string]>([
    ['an admin, for another admin,', 'ada', 'ada2', 'rank_too_low'],
    ['an admin, for a super-admin,', 'ada', 'root', 'rank_too_low'],
    ['an admin, for their own account,', 'ada', 'ada', 'own_account'],
    ['a super-admin, for their own account,', 'root', 'root', 'own_account'],
  ])(
    '%s cannot block, log out, reset or restrict the user or end sessions, and nothing changes',
    async ([_what, actor, target, code], { ada, root, secondAdmin, pair }) => {
      const token = actor === 'ada' ? ada : root;
      const made = target === 'ada2' ? secondAdmin : idOf(pair, target);
      const url = `${pair.url}/admin/users/${made}`;
      const before = await pair.redis.dump();
      const responses = [
        await send(`${url}/block`, 'POST', { token }),
        await send(`${url}/unblock`, 'POST', { token }),
        await send(`${url}/logout`, 'POST', { token }),
        await send(`${url}/password-reset`, 'POST', { token }),
        await send(`${url}/ranges`, 'PUT', { token, body: { ranges: ['192.0.2.1'] } }),
        await send(`${url}/sessions/${'x'.repeat(22)}`, 'DELETE', { token }),
      ];
      for (const response of responses) expect(response).toMatchObject({ status: 403, body: { code } });
      const after = await pair.redis.dump();
      for (const key of [`user:{${made}}`, `authz:{${made}}`]) expect(after.get(key)).toBe(before.get(key));
    },
  );

  test('users cannot change their own role, and only a super-admin can change the role of others', async ({
    runAction,
    root,
    ada,
    shownUser,
  }) => {
    expect(await runAction(root, 'root', 'role', { role: 'user' })).toMatchObject({
      status: 403,
      body: { code: 'own_account' },
    });
    for (const target of ['ada', 'bob'])
      expect(await runAction(ada, target, 'role', { role: 'super-admin' })).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope' },
      });
    expect([(await shownUser('root')).role, (await shownUser('bob')).role]).toEqual(['super-admin', 'user']);
  });

  test('a customer and a supervisor are refused on every route under /admin, and so are requests without a token', async ({
    pair,
    runAction,
    shownUser,
  }) => {
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
      expect((await runAction(token, 'alice', 'block')).status).toBe(403);
    }
    expect(await send(`${pair.url}/admin/users`, 'GET')).toMatchObject({
      status: 401,
      body: { code: 'credential_missing' },
    });
    expect((await shownUser('alice')).status).toBe('active');
  });

  test('every route of an unknown user is a 404', async ({ pair, root }) => {
    for (const id of ['x'.repeat(22), '%7Bx%7D', 'root'])
      for (const action of ['block', 'logout', 'password-reset'])
        expect(await send(`${pair.url}/admin/users/${id}/${action}`, 'POST', { token: root })).toMatchObject({
          status: 404,
          body: { code: 'user_unknown' },
        });
  });

  test.for<[what: string, action: string, body: unknown, field: string]>([
    ['a role that does not exist', 'role', { role: 'emperor' }, 'role'],
    ['no role', 'role', {}, 'role'],
    ['an invalid range', 'ranges', { ranges: ['10.0.0.0/8', '300.1.1.1'] }, 'ranges.1'],
    ['an invalid prefix length', 'ranges', { ranges: ['10.0.0.0/33'] }, 'ranges.0'],
    ['text in place of ranges', 'ranges', { ranges: '10.0.0.0/8' }, 'ranges'],
  ])('%s is a 400 that names the field', async ([_what, action, body, field], { runAction, root }) => {
    expect(await runAction(root, 'bob', action, body)).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', errors: [expect.objectContaining({ field })] },
    });
  });
});

describe('there is always an active super-admin', () => {
  test('if two super-admins demote or block each other concurrently, one of them remains', async ({
    pair,
    root,
  }) => {
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
      const action = round % 2 === 0 ? demote : block;
      const outcomes = await Promise.all([
        action(pair.url, two, oneToken),
        action(pair.otherUrl, one, twoToken),
      ]);
      const statuses = outcomes.map(({ status }) => status).sort();
      expect(statuses[0]).toBe(200);
      expect([401, 403, 409]).toContain(statuses[1]);
      const [winner, loser] = outcomes[0]?.status === 200 ? [oneToken, two] : [twoToken, one];
      const url = `${pair.url}/admin/users/${loser}`;
      if (action === demote)
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
