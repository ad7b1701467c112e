import { expect } from 'vitest';
import { type FilledSession, filledId, fillSessions, fillUsers } from '../../src/dev/fill.ts';
import { createLog } from '../../src/log.ts';
import type { RedisClient } from '../../src/redis/connection.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { sessionKey, sessionsKey, whitelistKey } from '../../src/redis/keys.ts';
import { sessionTest } from './session-store.ts';

const test = sessionTest().extend('link', { scope: 'file' }, async ({ store }, { onCleanup }) => {
  const log = createLog('gateway', 'silent');
  const link = new RedisLink({ url: store.redis.url, deadlineMs: 60_000, log });
  onCleanup(() => link.close());
  await link.whenReady(30_000);
  return link;
});

const SESSIONS = 10_000;
const LOGIN = { device: 'Firefox on Windows', address: '203.0.113.77' };

const usersOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    id: filledId(`user ${n}`),
    username: `user-${n}`,
    passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
  }));

const sessionOf = (sub: string, nowMs: number): FilledSession => {
  const iat = Math.floor(nowMs / 1000);
  const ids = { sub, sid: filledId(`sid of ${sub}`), jti: filledId(`jti of ${sub}`) };
  return { ...ids, nowMs, exp: iat + 300, endsAt: iat + 43_200, idleMs: 900_000, ...LOGIN };
};

const usedBytes = async (client: RedisClient): Promise<number> =>
  Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);

const JKT = 'A'.repeat(43);

test.for([
  ['', {}, {}],
  [' that is bound to a key', { confirmation: { jkt: JKT } }, { binding: `jkt=${JKT}` }],
] as const)(
  'a filled session%s is stored as one that a login has started',
  async ([, proven, binding], { store, link }) => {
    const nowMs = Date.now();
    const opener = { ...LOGIN, ...proven };
    const { claims, sessionEndsAt: endsAt } = await store.start(await store.addUser(), opener, nowMs);
    const { sub, sid, jti, exp } = claims;
    const keys = [sessionKey(sub, sid), sessionsKey(sub), whitelistKey(sub, jti)];
    const read = () =>
      link.run(async (client) => {
        const values = await client.mGet(keys);
        const expiries = await Promise.all(keys.map((key) => client.expireTime(key)));
        return { values, expiries: expiries.slice(1) };
      });
    const started = await read();
    await link.run((client) => client.del(keys));
    await link.run((client) =>
      fillSessions(client, [{ ...LOGIN, ...binding, sub, sid, jti, nowMs, exp, endsAt, idleMs: 900_000 }]),
    );
    expect(await read()).toEqual(started);
  },
);

test('a session takes less than 600 bytes of Redis, besides the keys of its user', async ({ link }) => {
  await link.run(async (client) => {
    const users = usersOf(SESSIONS);
    await fillUsers(client, users);
    const before = await usedBytes(client);
    const nowMs = Date.now();
    await fillSessions(
      client,
      users.map(({ id }) => sessionOf(id, nowMs)),
    );
    const bytes = ((await usedBytes(client)) - before) / SESSIONS;
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(600);
  });
});
