import { expect } from 'vitest';
import { authzKey, sessionKey } from '../../src/redis/keys.ts';
import { readSession } from '../../src/redis/session-record.ts';
import { Refusal } from '../../src/refusal.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { commandsDuring } from '../support/redis-commands.ts';
import { CLIENT, type SessionStore, sessionTest } from './session-store.ts';

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
    const sub = await store.addUser(role);
    const { sessionEndsAt, remember, claims } = await store.start(sub, { role, remember: true });
    expect(remember).toBe(role === 'user');
    expect(hours(sessionEndsAt - claims.iat)).toBe(role === 'user' ? 30 * 24 : 12);
  }
});

/** How many scripts a refresh runs, what other commands it sends before the first, and its outcome. */
async function refreshOf(store: SessionStore, token: string) {
  let outcome: Awaited<ReturnType<typeof refreshSession>> | undefined;
  const commands = await commandsDuring(store.redis.url, async () => {
    outcome = await refreshSession(store.one, { token, ...CLIENT }, Date.now());
  });
  const scripts = commands.filter((name) => name.startsWith('eval'));
  return { scripts: scripts.length, before: commands.indexOf('evalsha'), outcome };
}

const tokenOf = (outcome: unknown): string => String(Reflect.get(Object(outcome), 'refreshToken'));

test('a refresh is one round trip, one script', async ({ store }) => {
  const { refreshToken } = await store.start(await store.addUser());
  const first = await refreshSession(store.one, { token: refreshToken, ...CLIENT }, Date.now());
  expect(await refreshOf(store, tokenOf(first))).toMatchObject({ scripts: 1, before: 0 });
});

test('for a user with address ranges, the script runs again once they are judged, and changes nothing before', async ({
  store,
}) => {
  const sub = await store.addUser();
  const { refreshToken, claims } = await store.start(sub);
  const stored = () =>
    store.one.redis.runFor(authzKey(sub), (client) => client.get(sessionKey(sub, claims.sid)));
  const restrict = (range: string) =>
    store.one.redis.runFor(authzKey(sub), (client) =>
      client.set(authzKey(sub), writeAuthorization({ role: 'user', generation: 0, ranges: [range] })),
    );
  const before = await stored();
  await restrict('198.51.100.0/24');
  const refused = await refreshOf(store, refreshToken);
  expect(refused.outcome).toBeInstanceOf(Refusal);
  expect(refused.outcome).toMatchObject({ reason: 'address_refused' });
  expect(await stored()).toBe(before);
  await restrict('192.0.2.0/24');
  const { scripts, outcome } = await refreshOf(store, refreshToken);
  expect(scripts).toBe(2);
  expect(tokenOf(outcome)).toMatch(/^v1\./);
});

test('each refresh gives the access token another jti, and the same refresh again the same', async ({
  store,
}) => {
  const { refreshToken: token, claims } = await store.start(await store.addUser());
  const jtiOf = (outcome: unknown) => Reflect.get(Object(outcome), 'claims').jti;
  const first = await refreshSession(store.one, { token, ...CLIENT }, Date.now());
  const again = await refreshSession(store.other, { token, ...CLIENT }, Date.now());
  const next = await refreshSession(store.one, { token: tokenOf(first), ...CLIENT }, Date.now());
  expect(jtiOf(again)).toBe(jtiOf(first));
  expect(new Set([claims.jti, jtiOf(first), jtiOf(next)]).size).toBe(3);
  expect(claims.jti).toMatch(/^[\w-]{22}$/);
});
