import { decodeJwt } from 'jose';
import { test as base, describe, expect } from 'vitest';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { createLog } from '../../src/log.ts';
import { ReplicaConfirmation } from '../../src/redis/replication/confirmation.ts';
import { auditRecords } from '../audit/audit-records.ts';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import { logIn } from '../support/sessions.ts';
import { until } from '../support/until.ts';
import { acceptedOf, type FailoverScene, logOut, startFailoverScene, withRedis } from './failover.ts';

const NOT_DURABLE = { status: 503, code: 'revocation_not_durable' };

/** A gateway that wants one replica to confirm each revocation. */
const test = base
  .extend('scene', { scope: 'file' }, async ({}, { onCleanup }): Promise<FailoverScene> => {
    const scene = await startFailoverScene({ REVOCATION_REPLICAS: '1', REVOCATION_TIMEOUT_MS: '500' });
    onCleanup(() => scene.close());
    return scene;
  })
  /** Does something while the replica is not connected, and connects it again. */
  .extend('alone', ({ scene }) => async <T>(work: () => Promise<T>): Promise<T> => {
    const [{ redis, stream }] = scene.replicas as [FailoverScene['replicas'][0]];
    const { hostname, port } = new URL(stream.url);
    const replicaOf = (...where: string[]) =>
      withRedis(redis, (client) => client.sendCommand(['REPLICAOF', ...where]));
    await replicaOf('NO', 'ONE');
    try {
      return await work();
    } finally {
      await replicaOf(hostname, port);
      await until(() => scene.gateway.link.run(async (client) => (await client.wait(1, 100)) === 1), 20_000);
    }
  })
  .extend(
    'send',
    ({ scene }) =>
      (token: string, method: string, path: string, body?: unknown): Promise<Response> =>
        fetch(scene.gateway.url + path, {
          method,
          headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...bearer(token) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
  );

const claimsOf = (token = ''): AccessClaims => decodeJwt<AccessClaims>(token);

test('a logout that no replica confirms is a 503, has been made and recorded, and its repetition succeeds', async ({
  scene: { gateway, ...scene },
  alone,
}) => {
  const [token = ''] = await scene.openSessions(1);
  await alone(async () => {
    const response = await logOut(gateway.url, token);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemOf(response)).toEqual(NOT_DURABLE);
    expect(await acceptedOf(gateway.url, [token])).toBe(0);
    expect(await problemOf(await logOut(gateway.url, token))).toEqual(NOT_DURABLE);
  });
  expect((await logOut(gateway.url, token)).status).toBe(204);
  const logouts = (await auditRecords(gateway.link, 'customers')).filter(
    ({ action, session }) => action === 'logout' && session === claimsOf(token).sid,
  );
  expect(logouts).toHaveLength(1);
});

describe('a revocation that no replica confirms is a 503', () => {
  const idOf = ({ gateway }: FailoverScene, name: string) =>
    gateway.users.find(({ username }) => username === name)?.id ?? '';

  test.for([
    ['a block', 'POST', 'block', {}],
    ['the end of all sessions by staff', 'POST', 'logout', {}],
    ['a reset by staff', 'POST', 'password-reset', {}],
    ['a new role', 'PUT', 'role', { role: 'user' }],
    ['new address ranges', 'PUT', 'ranges', { ranges: [] }],
  ] as const)('%s, and its repetition succeeds', async ([, method, action, body], { scene, alone, send }) => {
    const [root = ''] = await scene.openSessions(1, 'root');
    const path = `/admin/users/${idOf(scene, 'alice')}/${action}`;
    await alone(async () => {
      expect(await problemOf(await send(root, method, path, body))).toEqual(NOT_DURABLE);
    });
    expect((await send(root, method, path, body)).status).toBe(200);
  });

  test('the end of other sessions, and its repetition succeeds', async ({ scene, alone, send }) => {
    const [own = ''] = await scene.openSessions(2);
    await alone(async () => {
      expect(await problemOf(await send(own, 'DELETE', '/auth/sessions?keep=current'))).toEqual(NOT_DURABLE);
    });
    expect((await send(own, 'DELETE', '/auth/sessions?keep=current')).status).toBe(200);
  });

  test.for([
    ['of its user', 'bob', ({ sid }: AccessClaims) => `/auth/sessions/${sid}`],
    [
      'of another user by staff',
      'root',
      ({ sub, sid }: AccessClaims) => `/admin/users/${sub}/sessions/${sid}`,
    ],
  ] as const)(
    'the end of one session %s, and its repetition says that there is none',
    async ([, by, pathOf], { scene, alone, send }) => {
      const [[own = ''], [other = '']] = [await scene.openSessions(1, by), await scene.openSessions(1)];
      const end = () => send(own, 'DELETE', pathOf(claimsOf(other)));
      await alone(async () => {
        expect(await problemOf(await end())).toEqual(NOT_DURABLE);
        expect(await problemOf(await end())).toEqual(NOT_DURABLE);
      });
      expect(await problemOf(await end())).toEqual({ status: 404, code: 'session_unknown' });
    },
  );

  test('a password change, and the new password is set', async ({ scene: { gateway }, alone, send }) => {
    const { access_token } = await logIn(gateway.url, 'bob');
    const body = { current_password: 'foobared', new_password: 'correct horse battery' };
    await alone(async () => {
      expect(await problemOf(await send(access_token, 'POST', '/auth/password', body))).toEqual(NOT_DURABLE);
    });
    const login = { username: 'bob', password: body.new_password };
    expect((await postJson(`${gateway.url}/auth/login`, login)).status).toBe(200);
  });

  test('the reuse of a refresh token, and the session has ended', async ({ scene: { gateway }, alone }) => {
    const { refresh_token } = await logIn(gateway.url, 'sam');
    const use = (userAgent: string) =>
      postJson(`${gateway.url}/auth/refresh`, { refresh_token }, { 'user-agent': userAgent });
    expect((await use('one')).status).toBe(200);
    await alone(async () => expect(await problemOf(await use('other'))).toEqual(NOT_DURABLE));
    expect((await use('one')).status).toBe(401);
  });
});

test('a request that revokes nothing does not wait for replicas', async ({ scene, alone, send }) => {
  await alone(async () => {
    const { access_token, refresh_token } = await logIn(scene.gateway.url, 'ada');
    expect((await send(access_token, 'GET', '/auth/session')).status).toBe(200);
    const refreshed = await postJson(`${scene.gateway.url}/auth/refresh`, { refresh_token });
    expect(refreshed.status).toBe(200);
  });
});

test('with Redis full, a logout is confirmed by the replica, which has it', async ({ scene }) => {
  const { link, url } = scene.gateway;
  const [token = ''] = await scene.openSessions(1, 'root');
  await link.run((client) => client.configSet('maxmemory', '1'));
  try {
    await expect(link.run((client) => client.set('marker', '1'))).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^OOM/) },
    });
    expect((await logOut(url, token)).status).toBe(204);
    const { sub, sid } = claimsOf(token);
    const [{ redis }] = scene.replicas as [FailoverScene['replicas'][0]];
    expect(await withRedis(redis, (client) => client.exists(`sid:{${sub}}:${sid}`))).toBe(0);
  } finally {
    await link.run((client) => client.configSet('maxmemory', '0'));
  }
});

test('revocations at the same time share one WAIT', async ({ scene }) => {
  const { link } = scene.gateway;
  const waits = async () => {
    const stats = await link.run((client) => client.info('commandstats'));
    return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const options = { what: 'revocation', replicas: 1, aof: false, timeoutMs: 5000 } as const;
  const confirmation = new ReplicaConfirmation({ ...options, log: createLog('gateway', 'silent') });
  const { client } = await link.run(async (present) => ({ client: present }));
  const before = await waits();
  await Promise.all(Array.from({ length: 50 }, () => confirmation.confirm(client, 'marker:{u}')));
  expect((await waits()) - before).toBeLessThanOrEqual(2);
  confirmation.close();
});
