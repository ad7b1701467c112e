import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { authzKey } from '../../src/redis/keys.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { auditRecords } from '../audit/audit-records.ts';
import { introspected, register } from '../oauth/oauth-gateway.ts';
import { logInBound } from '../support/bound-session.ts';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { postJson, problemOf } from '../support/gateway.ts';
import { logIn, refresh } from '../support/sessions.ts';

const test = gatewayTest({ DPOP_REQUIRED_ROLES: 'admin, super-admin' });

const passwordOf = (name: string): string =>
  DEMO_USERS.find(({ username }) => username === name)?.password ?? '';
const ADMIN = DEMO_USERS.find(({ role }) => role === 'admin')?.username ?? '';

test('a user of a required role cannot log in without a proof, which the audit log says', async ({
  gateway,
}) => {
  const body = { username: ADMIN, password: passwordOf(ADMIN) };
  const response = await postJson(`${gateway.url}/auth/login`, body);
  expect(await problemOf(response)).toEqual({ status: 403, code: 'binding_required' });
  const records = await auditRecords(gateway.link);
  expect(records.at(-1)).toMatchObject({
    action: 'login',
    result: 'refused',
    detail: 'login_binding_required',
  });
});

test('a wrong password of such a user gets the same response as anybody else', async ({ gateway }) => {
  const response = await postJson(`${gateway.url}/auth/login`, {
    username: ADMIN,
    password: 'wrong password',
  });
  expect(await problemOf(response)).toEqual({ status: 401, code: 'login_failed' });
});

test('a user of a required role logs in with a proof', async ({ gateway }) => {
  const bound = await logInBound(gateway, ADMIN);
  expect((await bound.request('/admin/users')).status).toBe(200);
});

test('a user of another role logs in without one', async ({ gateway, token }) => {
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${gateway.url}/auth/session`, { headers })).status).toBe(200);
});

test('the refresh token of a session that is not bound is refused once its user has a required role', async ({
  gateway,
}) => {
  const { access_token, refresh_token } = await logIn(gateway.url, 'sam');
  const { sub = '' } = decodeJwt(access_token);
  const promoted = writeAuthorization({ role: 'admin', generation: 0 });
  await gateway.link.run((client) => client.set(authzKey(sub), promoted));
  const response = await refresh(gateway.url, refresh_token);
  expect(await problemOf(response)).toEqual({ status: 401, code: 'binding_required' });
});

test('introspection calls a token that is not bound inactive once its user has a required role', async ({
  gateway,
}) => {
  const client = await register(gateway);
  const token = await gateway.login('bob');
  expect(await introspected(gateway, client, token)).toMatchObject({ active: true });
  const { sub = '' } = decodeJwt(token);
  const promoted = writeAuthorization({ role: 'admin', generation: 0 });
  await gateway.link.run((redis) => redis.set(authzKey(sub), promoted));
  expect(await introspected(gateway, client, token)).toEqual({ active: false });
});

test('a token that is not bound is refused from the moment on that its user gets a required role', async ({
  gateway,
  upstream,
}) => {
  const alice = await logInAs(gateway, 'alice');
  expect((await alice.request('/bank/accounts')).status).toBe(200);
  const before = upstream.count;
  const promoted = writeAuthorization({ role: 'admin', generation: 0 });
  await gateway.link.run((client) => client.set(authzKey(alice.claims.sub), promoted));
  const required = { status: 401, code: 'binding_required' };
  for (const path of ['/bank/accounts', '/auth/session', '/admin/users'])
    expect(await problemOf(await alice.request(path))).toEqual(required);
  expect(upstream.count).toBe(before);
});
