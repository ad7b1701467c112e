import { decodeJwt } from 'jose';
import { test as base, expect } from 'vitest';
import { fixedRing } from '../../src/keys/ring.ts';
import { revocationsChannel } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { issueResetToken } from '../../src/users/password-reset.ts';
import { addUser } from '../../src/users/users.ts';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import { logIn, startAnotherGateway, statusOf } from '../support/sessions.ts';
import { until } from '../support/until.ts';
import { newUserNamed } from '../users/user-store.ts';
import { FAR_BEHIND_MS, type FailoverScene, startFailoverScene } from './failover.ts';

const NEW_PASSWORD = 'correct horse battery';
const SETTINGS = { SESSIONS_PER_USER_MAX: '3', REFRESH_GRACE_SECONDS: '0' };

type Tokens = Record<string, string>;

/**
 * One of two gateways revokes in each way and ends. Then the primary is killed, and the replica has none of it. What is
 * left is the other gateway, which has only heard of the revocations.
 */
const test = base
  .extend('scene', { scope: 'file' }, async ({}, { onCleanup }): Promise<FailoverScene> => {
    const scene = await startFailoverScene(SETTINGS);
    onCleanup(() => scene.close());
    for (const name of ['blocked', 'demoted', 'limited', 'ended', 'single', 'others', 'evicted', 'raised'])
      await addUserNamed(scene, name);
    return scene;
  })
  .extend('tokens', { scope: 'file' }, async ({ scene }): Promise<Tokens> => {
    const tokens = await openAll(scene);
    const reused = await logIn(scene.gateway.url, 'alice');
    const changed = await logIn(scene.gateway.url, 'bob');
    await scene.lag(FAR_BEHIND_MS);
    await whenHeard(scene, async () => {
      const other = await startAnotherGateway(scene.gateway);
      await revokeAll(scene, other.url, { ...tokens, changed: changed.access_token });
      await reuse(other.url, reused.refresh_token);
      for (let i = 0; i < 3; i += 1)
        await postJson(`${other.url}/auth/login`, { username: 'evicted', password: 'foobared' });
      await other.close();
    });
    await scene.failOver();
    return { ...tokens, reused: reused.access_token, changed: changed.access_token };
  })
  .extend(
    'use',
    ({ scene: { gateway }, tokens }) =>
      async (name: string, path = '/auth/session') =>
        problemOf(await fetch(gateway.url + path, { headers: bearer(tokens[name] ?? '') })),
  );

const REVOKED = { status: 401, code: 'token_revoked' };

test.for([
  ['a blocked user', 'blocked'],
  ['all sessions of a user that staff ended', 'ended'],
  ['one session that staff ended', 'single'],
  ['the other sessions that a user ended', 'others'],
  ['the session that a login evicted', 'evicted'],
  ['a session whose refresh token was used twice', 'reused'],
  ['a customer who became staff', 'raised'],
  ['a user whose password was reset by staff', 'ada'],
  ['a user who used a reset token', 'sam'],
  ['a user who changed the password', 'changed'],
] as const)('after a failover that lost it, %s stays revoked', async ([, name], { use }) => {
  expect(await use(name)).toEqual(REVOKED);
});

test('after a failover that lost it, a demoted user stays demoted and keeps the session', async ({ use }) => {
  expect(await use('demoted')).toMatchObject({ status: 200 });
  expect(await use('demoted', '/admin/users')).toEqual({ status: 403, code: 'insufficient_scope' });
});

test('after a failover that lost them, the address ranges of a user apply', async ({ use }) => {
  expect(await use('limited')).toEqual({ status: 403, code: 'address_refused' });
});

test.for([
  ['that its user has changed', 'bob', 'foobared'],
  ['that staff have invalidated', 'ada', 'administer1'],
  ['that was reset', 'sam', 'supervise1'],
] as const)(
  'after a failover that lost the change, a password %s is not accepted',
  async ([, username, password], { scene, tokens: _ }) => {
    const response = await postJson(`${scene.gateway.url}/auth/login`, { username, password });
    expect(await problemOf(response)).toEqual({ status: 401, code: 'login_failed' });
  },
);

test('after a failover that lost the change, the new password is accepted', async ({ scene, tokens: _ }) => {
  for (const username of ['bob', 'sam']) {
    const body = { username, password: NEW_PASSWORD };
    expect((await postJson(`${scene.gateway.url}/auth/login`, body)).status).toBe(200);
  }
});

test('after a failover, a reset token that was used before cannot be used again', async ({
  scene,
  tokens: { reset },
}) => {
  const body = { token: reset, new_password: 'another horse battery' };
  const response = await postJson(`${scene.gateway.url}/auth/password-reset/confirm`, body);
  expect(await problemOf(response)).toEqual({ status: 400, code: 'reset_token_invalid' });
});

test('after a failover, sessions that were not revoked continue', async ({
  scene,
  tokens: { root = '' },
}) => {
  expect(await statusOf(scene.gateway.url, root)).toBe(200);
});

async function addUserNamed({ gateway }: FailoverScene, name: string): Promise<void> {
  const role = name === 'demoted' ? 'supervisor' : 'user';
  // As bob's, so that it can be used to log in.
  const passwordHash = gateway.users.find(({ username }) => username === 'bob')?.passwordHash ?? '';
  const user = await addUser(gateway.link, { ...newUserNamed(name), role, passwordHash }, new Date());
  if (user instanceof Refusal) throw new Error(user.reason);
  gateway.users.push(user);
}

/** A token of each user by name, and a reset token of sam. */
async function openAll(scene: FailoverScene): Promise<Tokens> {
  const tokens: Tokens = {};
  for (const { username } of scene.gateway.users)
    tokens[username] = (await scene.openSessions(1, username))[0] ?? '';
  const { link: redis, ring, settings, users } = scene.gateway;
  const deps = { redis, ring: fixedRing(ring), issuer: settings.issuer };
  const sam = users.find(({ username }) => username === 'sam')?.id ?? '';
  tokens.reset = String(await issueResetToken(deps, sam, Date.now()));
  tokens.keeping = (await scene.openSessions(1, 'others'))[0] ?? '';
  return tokens;
}

async function revokeAll(scene: FailoverScene, url: string, tokens: Tokens): Promise<void> {
  const send = async (by: string, method: string, path: string, body: unknown = {}): Promise<void> => {
    const headers = { 'content-type': 'application/json', ...bearer(tokens[by] ?? '') };
    const init = method === 'DELETE' ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const { status } = await fetch(url + path, init);
    if (status >= 300) throw new Error(`${method} ${path}: ${status}`);
  };
  const pathOf = (name: string, action: string): string =>
    `/admin/users/${scene.gateway.users.find(({ username }) => username === name)?.id}/${action}`;
  await send('root', 'POST', pathOf('blocked', 'block'));
  await send('root', 'PUT', pathOf('demoted', 'role'), { role: 'user' });
  await send('root', 'PUT', pathOf('raised', 'role'), { role: 'supervisor' });
  await send('root', 'PUT', pathOf('limited', 'ranges'), { ranges: ['192.0.2.0/24'] });
  await send('root', 'POST', pathOf('ended', 'logout'));
  await send('root', 'DELETE', pathOf('single', `sessions/${decodeJwt(tokens.single ?? '').sid}`));
  await send('root', 'POST', pathOf('ada', 'password-reset'));
  await send('keeping', 'DELETE', '/auth/sessions?keep=current');
  await send('changed', 'POST', '/auth/password', {
    current_password: 'foobared',
    new_password: NEW_PASSWORD,
  });
  await send('', 'POST', '/auth/password-reset/confirm', { token: tokens.reset, new_password: NEW_PASSWORD });
}

async function reuse(url: string, refreshToken: string): Promise<void> {
  const use = () => postJson(`${url}/auth/refresh`, { refresh_token: refreshToken });
  expect((await use()).status).toBe(200);
  expect((await use()).status).toBe(401);
}

/** Does what is published on the revocations channel, and waits until it has been received. */
async function whenHeard({ gateway }: FailoverScene, work: () => Promise<void>): Promise<void> {
  const own = await gateway.link.run(async (client) => client.duplicate().connect());
  try {
    let isLast = false;
    await own.subscribe(revocationsChannel(), (message) => {
      isLast = message === 'the last one';
    });
    await work();
    await gateway.link.publish(revocationsChannel(), 'the last one');
    await until(() => isLast);
    await fetch(`${gateway.url}/livez`);
  } finally {
    own.destroy();
  }
}
