import { expect } from 'vitest';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { logInBound } from '../support/bound-session.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

const ADMIN = DEMO_USERS.find(({ role }) => role === 'admin')?.username ?? '';

const test = gatewayTest().extend(
  'whileFull',
  ({ gateway }) =>
    async <T>(act: () => Promise<T>): Promise<T> => {
      const limit = (bytes: string): Promise<unknown> =>
        gateway.link.run((client) => client.configSet('maxmemory', bytes));
      await limit('1');
      try {
        return await act();
      } finally {
        await limit('0');
      }
    },
);

test('while Redis is full, a bound user logs out', async ({ gateway, whileFull }) => {
  const bound = await logInBound(gateway, 'alice');
  const response = await whileFull(() => bound.request('/auth/logout', { method: 'POST' }));
  expect(response.status).toBe(204);
  expect(await problemOf(await bound.request('/auth/session'))).toEqual({
    status: 401,
    code: 'token_revoked',
  });
});

test('while Redis is full, a bound user ends another session', async ({ gateway, whileFull }) => {
  const [bound, other] = [await logInBound(gateway, 'alice'), await logInBound(gateway, 'alice')];
  const path = `/auth/sessions/${other.claims.sid}`;
  expect((await whileFull(() => bound.request(path, { method: 'DELETE' }))).status).toBe(204);
  expect((await other.request('/auth/session')).status).toBe(401);
});

test('while Redis is full, bound staff block a user', async ({ gateway, whileFull }) => {
  const [admin, bob] = [await logInBound(gateway, ADMIN), await logInBound(gateway, 'bob')];
  const path = `/admin/users/${bob.claims.sub}/block`;
  expect((await whileFull(() => admin.request(path, { method: 'POST' }))).status).toBe(200);
  expect((await bob.request('/auth/session')).status).toBe(401);
});

test('while Redis is full, a proof still counts once', async ({ gateway, whileFull }) => {
  const bound = await logInBound(gateway, 'alice');
  const headers = { dpop: bound.proof('GET', '/bank/accounts') };
  const send = (): Promise<Response> => bound.request('/bank/accounts', { headers });
  const [first, second] = await whileFull(async () => [await send(), await send()]);
  expect(first?.status).toBe(200);
  expect(second && (await problemOf(second))).toEqual({ status: 401, code: 'dpop_proof_replayed' });
});
