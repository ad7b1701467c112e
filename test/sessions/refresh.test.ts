import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { openSessionStore, type SessionStore } from './session-store.ts';

let store: SessionStore;
beforeAll(async () => {
  store = await openSessionStore();
});
afterAll(() => store.close());

test('the grace window of a refresh that a hanging Redis carried out late begins when it was carried out', async () => {
  const sub = await store.addUser();
  const { refreshToken: token } = await store.start(sub);
  const refreshAt = (nowMs: number) => refreshSession(store.one, { token, address: '192.0.2.1' }, nowMs);
  const late = await refreshAt(Date.now() - 60_000);
  expect(late).toHaveProperty('refreshToken');
  expect(await refreshAt(Date.now())).toMatchObject({ refreshToken: Reflect.get(late, 'refreshToken') });
});

test('Redis holds the counter of a session and nothing that is a part of a refresh token beyond its ids', async () => {
  const sub = await store.addUser();
  const { refreshToken, claims } = await store.start(sub);
  const [, , , , mac = ''] = refreshToken.split('.');
  const dump = await store.redis.dump();
  expect(dump.get(sessionKey(sub, claims.sid))).toContain('"n","0"');
  expect(JSON.stringify([...dump])).not.toContain(mac);
  expect(JSON.stringify([...dump])).not.toContain(Buffer.from(store.one.refreshKey).toString('base64url'));
});

test('staff are never remembered, whatever they ask for', async () => {
  const hours = (seconds: number): number => seconds / 3600;
  for (const role of ['user', 'supervisor', 'admin', 'super-admin'] as const) {
    const sub = await store.addUser();
    const { sessionEndsAt, remember, claims } = await store.start(sub, { role, remember: true });
    expect(remember).toBe(role === 'user');
    expect(hours(sessionEndsAt - claims.iat)).toBe(role === 'user' ? 30 * 24 : 12);
  }
});
