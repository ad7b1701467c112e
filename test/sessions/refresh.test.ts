import { expect } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { readSession } from '../../src/redis/session-record.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { CLIENT, sessionTest } from './session-store.ts';

const test = sessionTest();

test('if Redis hung, the grace window starts when Redis carried out the refresh', async ({ store }) => {
  const sub = await store.addUser();
  const { refreshToken: token } = await store.start(sub);
  const refreshAt = (nowMs: number) => refreshSession(store.one, { token, ...CLIENT }, nowMs);
  const late = await refreshAt(Date.now() - 60_000);
  expect(late).toHaveProperty('refreshToken');
  expect(await refreshAt(Date.now())).toMatchObject({ refreshToken: Reflect.get(late, 'refreshToken') });
});

test('Redis stores the refresh counter of a session, and no MAC or key of a refresh token', async ({
  store,
}) => {
  const sub = await store.addUser();
  const { refreshToken, claims } = await store.start(sub);
  const [, , , , mac = ''] = refreshToken.split('.');
  const dump = await store.redis.dump();
  const [, text = ''] = /^string "(.*)"$/.exec(dump.get(sessionKey(sub, claims.sid)) ?? '') ?? [];
  expect(readSession(text)).toMatchObject({ refreshCount: 0 });
  expect(JSON.stringify([...dump])).not.toContain(mac);
  expect(JSON.stringify([...dump])).not.toContain(Buffer.from(store.one.refreshKey).toString('base64url'));
});

test('remember does not extend the sessions of staff', async ({ store }) => {
  const hours = (seconds: number): number => seconds / 3600;
  for (const role of ['user', 'supervisor', 'admin', 'super-admin'] as const) {
    const sub = await store.addUser();
    const { sessionEndsAt, remember, claims } = await store.start(sub, { role, remember: true });
    expect(remember).toBe(role === 'user');
    expect(hours(sessionEndsAt - claims.iat)).toBe(role === 'user' ? 30 * 24 : 12);
  }
});
