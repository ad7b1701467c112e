import { expect } from 'vitest';
import { Refusal } from '../../src/refusal.ts';
import { addUser } from '../../src/users/users.ts';
import { staffTest } from '../gateway/authority/staff.ts';
import { logIn, refresh } from '../support/sessions.ts';

const test = staffTest().extend(
  'whileFull',
  ({ gateway }) =>
    async <T>(work: () => Promise<T>): Promise<T> => {
      const limit = (bytes: string) =>
        gateway.link.run((client) => client.sendCommand(['CONFIG', 'SET', 'maxmemory', bytes]));
      await limit('1');
      try {
        return await work();
      } finally {
        await limit('0');
      }
    },
);

const REVOKED = { status: 401, body: { code: 'token_revoked' } };

test('with Redis full, logout ends the session', async ({ gateway, staff, whileFull }) => {
  const bob = await staff.add('user');
  await whileFull(async () => {
    expect((await bob.ask(gateway.url, 'GET', '/auth/session')).status).toBe(200);
    expect((await bob.ask(gateway.url, 'POST', '/auth/logout')).status).toBe(204);
    expect(await bob.ask(gateway.url, 'GET', '/auth/session')).toMatchObject(REVOKED);
  });
});

test('with Redis full, a user sees and ends their own sessions', async ({ gateway, staff, whileFull }) => {
  const bob = await staff.add('user');
  const [second, third] = [await staff.logIn(bob.user), await staff.logIn(bob.user)];
  await whileFull(async () => {
    const { body } = await bob.ask(gateway.url, 'GET', '/auth/sessions');
    expect(body.sessions).toHaveLength(3);
    const one = await bob.ask(gateway.url, 'DELETE', `/auth/sessions/${second.claims.sid}`);
    expect(one.status).toBe(204);
    const others = await bob.ask(gateway.url, 'DELETE', '/auth/sessions?keep=current');
    expect(others).toEqual({ status: 200, body: { ended: 1 } });
    for (const ended of [second, third])
      expect(await ended.ask(gateway.url, 'GET', '/auth/session')).toMatchObject(REVOKED);
  });
});

test.for(['block', 'logout'])(
  'with Redis full, staff can %s a user, who is revoked at once',
  async (action, { gateway, staff, whileFull }) => {
    const [root, bob] = [await staff.add('super-admin'), await staff.add('user')];
    await whileFull(async () => {
      const response = await root.ask(gateway.url, 'POST', `/admin/users/${bob.user.id}/${action}`);
      expect(response.status).toBe(200);
      expect(await bob.ask(gateway.url, 'GET', '/auth/session')).toMatchObject(REVOKED);
    });
    expect((await staff.find(bob.user.id)).status).toBe(action === 'block' ? 'blocked' : 'active');
  },
);

test('with Redis full, staff can block a super-admin', async ({ gateway, staff, whileFull }) => {
  const [root, mallory] = [await staff.add('super-admin'), await staff.add('super-admin')];
  await whileFull(async () => {
    const response = await root.ask(gateway.url, 'POST', `/admin/users/${mallory.user.id}/block`);
    expect(response.status).toBe(200);
    expect(await mallory.ask(gateway.url, 'GET', '/admin/users')).toMatchObject(REVOKED);
  });
});

test('with Redis full, staff can end one session of a user', async ({ gateway, staff, whileFull }) => {
  const [root, bob] = [await staff.add('super-admin'), await staff.add('user')];
  const path = `/admin/users/${bob.user.id}/sessions/${bob.claims.sid}`;
  await whileFull(async () => {
    expect((await root.ask(gateway.url, 'DELETE', path)).status).toBe(204);
    expect(await bob.ask(gateway.url, 'GET', '/auth/session')).toMatchObject(REVOKED);
  });
});

test('with Redis full, a demotion that cannot be recorded is a 503 and has taken effect', async ({
  gateway,
  staff,
  whileFull,
}) => {
  const [root, mallory] = [await staff.add('super-admin'), await staff.add('admin')];
  await whileFull(async () => {
    const path = `/admin/users/${mallory.user.id}/role`;
    const response = await root.ask(gateway.url, 'PUT', path, { role: 'user' });
    expect(response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    expect(await mallory.ask(gateway.url, 'GET', '/admin/users')).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
  });
});

test('with Redis full, a replayed refresh token ends its session', async ({ gateway, whileFull }) => {
  const tokens = await logIn(gateway.url);
  const next = (await (await refresh(gateway.url, tokens.refresh_token)).json()) as typeof tokens;
  await refresh(gateway.url, next.refresh_token);
  await whileFull(async () => {
    const replay = await refresh(gateway.url, tokens.refresh_token);
    expect(replay.status).toBe(401);
    const response = await fetch(`${gateway.url}/auth/session`, {
      headers: { authorization: `Bearer ${next.access_token}` },
    });
    expect(response.status).toBe(401);
  });
});

test('with Redis full, a refresh is a 503 that changes nothing', async ({ gateway, whileFull }) => {
  const tokens = await logIn(gateway.url);
  const before = await gateway.redis.dump();
  await whileFull(async () => {
    expect((await refresh(gateway.url, tokens.refresh_token)).status).toBe(503);
  });
  expect(await gateway.redis.dump()).toEqual(before);
  expect((await refresh(gateway.url, tokens.refresh_token)).status).toBe(200);
});

test('with Redis full, no user is added', async ({ gateway, whileFull }) => {
  const before = await gateway.redis.dump();
  const user = { username: 'late', displayName: 'Late', passwordHash: 'none', role: 'user' } as const;
  await whileFull(async () => {
    const added = await addUser(gateway.link, user, new Date()).catch((fault: Error) => fault.name);
    expect(added instanceof Refusal ? added.reason : added).toBe('RedisUnavailable');
  });
  expect(await gateway.redis.dump()).toEqual(before);
});
