import { describe, expect } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { definedScripts, runScript } from '../../src/redis/scripts.ts';
import { endOtherSessions } from '../../src/sessions/end.ts';
import { readSessionLifetime } from '../../src/sessions/lifetime.ts';
import { listSessions } from '../../src/sessions/list.ts';
import { startSession } from '../../src/sessions/start.ts';
import { REPLAY_REVOCATIONS, replayCall } from '../../src/users/revocations/replay-script.ts';
import { findUser } from '../../src/users/users.ts';
import { commandsDuring } from '../support/redis-commands.ts';
import { openerFor, type SessionStore, sessionTest } from './session-store.ts';

const MANY = 40;

const test = sessionTest({ sessionsPerUserMax: MANY });

/** A user with many sessions. */
async function userWithSessions(store: SessionStore): Promise<{ sub: string; sids: string[] }> {
  const sub = await store.addUser();
  const sids: string[] = [];
  for (let n = 0; n < MANY; n += 1) sids.push((await store.start(sub, {}, Date.now() + n)).claims.sid);
  return { sub, sids };
}

const ENDS = {
  'ending the others': ({ one }, { sub }) => endOtherSessions(one.redis, sub),
  'a login that evicts': ({ one }, { sub }) =>
    startSession(
      { ...one, options: { ...one.options, sessionsPerUserMax: 1 } },
      openerFor(sub),
      Date.now() + MANY,
    ),
  'a replay of the journal': ({ one }, { sub, sids }) => {
    const { keys, args } = replayCall(
      sub,
      sids.map((session) => ({ user: sub, session })),
    );
    return runScript(one.redis, REPLAY_REVOCATIONS, keys, args);
  },
} satisfies Record<string, (store: SessionStore, user: { sub: string; sids: string[] }) => Promise<unknown>>;

describe('many sessions are ended with work that grows with their number only', () => {
  test.for(Object.entries(ENDS))(
    '%s reads and writes the list of sessions a fixed number of times',
    async ([, end], { store }) => {
      const user = await userWithSessions(store);
      // The first call makes Redis load the script.
      await end(store, await userWithSessions(store));
      const commands = await commandsDuring(store.redis.url, () => end(store, user));
      const count = (name: string): number => commands.filter((command) => command === name).length;
      const isLogin = end === ENDS['a login that evicts'];
      expect(count('del')).toBeGreaterThanOrEqual(2 * MANY);
      // A login reads each session, too, and writes its own, with its whitelist entry.
      expect(count('get') - (isLogin ? MANY + 1 : 0)).toBeLessThanOrEqual(2);
      expect(count('set') - (isLogin ? 2 : 0)).toBeLessThanOrEqual(1);
      const left = await listSessions(store.one.redis, user.sub);
      expect(left.length).toBe(isLogin ? 1 : 0);
    },
  );
});

test.for([
  ['the list of sessions', ({ one }: SessionStore, sub: string) => listSessions(one.redis, sub)],
  [
    'the lifetime of a session',
    ({ one }: SessionStore, sub: string, sid: string) => readSessionLifetime(one.redis, sub, sid),
  ],
  ['a user', ({ one }: SessionStore, sub: string) => findUser(one.redis, sub)],
] as const)('%s can be read while Redis delays writes', async ([, read], { store }) => {
  const { claims } = await store.start(await store.addUser());
  const { redis } = store.other;
  await redis.runFor('', (client) => client.sendCommand(['CLIENT', 'PAUSE', '60000', 'WRITE']));
  try {
    await read(store, claims.sub, claims.sid);
  } finally {
    await redis.runFor('', (client) => client.sendCommand(['CLIENT', 'UNPAUSE']));
  }
});

test('scripts that only read are sent as such', () => {
  const readOnly = definedScripts()
    .filter(({ isReadOnly }) => isReadOnly)
    .map(({ name }) => name);
  expect(readOnly).toEqual(expect.arrayContaining(['session-list', 'session-read', 'user-read']));
});

test('a session that was started without a known address is listed with "-"', async ({ store }) => {
  const { claims } = await store.start(await store.addUser(), { address: '' });
  const { sub, sid } = claims;
  expect(await readSessionLifetime(store.one.redis, sub, sid)).toMatchObject({ endsAt: expect.any(Number) });
  expect(await listSessions(store.one.redis, sub)).toMatchObject([{ session_id: sid, address: '-' }]);
});

test('a malformed session is not hidden: the list of sessions is refused', async ({ store }) => {
  const { claims } = await store.start(await store.addUser());
  const key = sessionKey(claims.sub, claims.sid);
  await store.one.redis.runFor(key, (client) => client.set(key, 'x', { expiration: 'KEEPTTL' }));
  await expect(listSessions(store.one.redis, claims.sub)).rejects.toThrow('a session in Redis is malformed');
});
