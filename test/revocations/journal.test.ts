import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { authzKey, revocationsChannel, sessionDataKey, sessionKey, userKey } from '../../src/redis/keys.ts';
import { definedScripts, runScript } from '../../src/redis/scripts.ts';
import type { UserState } from '../../src/users/revocations/entry.ts';
import { RevocationJournal } from '../../src/users/revocations/journal.ts';
import { REPLAY_REVOCATIONS, replayCall } from '../../src/users/revocations/replay-script.ts';
import { changeUser } from '../../src/users/update.ts';
import { addUser, findUser, type User } from '../../src/users/users.ts';
import { capturingLog } from '../audit/audit-store.ts';
import { redisTest } from '../support/fixtures.ts';
import { newUserNamed } from '../users/user-store.ts';

const USER = 'U'.repeat(22);
const ended = (...sessions: string[]): string => JSON.stringify({ user: USER, sessions });

const stateOf = (ver: number, changes: Partial<UserState> = {}): UserState => ({
  user: USER,
  ver,
  gen: 1,
  role: 'user',
  status: 'active',
  ranges: '',
  ...changes,
});

describe('the journal', () => {
  const open = (max = 10) => {
    const { log, lines } = capturingLog();
    let nowMs = 0;
    const journal = new RevocationJournal({ keptMs: 1000, max, log, now: () => nowMs });
    const entries = () => [...journal.notAppliedTo('').values()].flat().map(({ entry }) => entry);
    return { journal, lines, entries, advance: (byMs: number) => (nowMs += byMs) };
  };

  test('keeps an entry for its time and no longer', () => {
    const { journal, entries, advance } = open();
    journal.add(ended('one'));
    advance(999);
    expect(entries()).toEqual([{ user: USER, session: 'one' }]);
    advance(1);
    expect(entries()).toEqual([]);
  });

  test('drops the oldest entries beyond its maximum, and warns once', () => {
    const { journal, entries, lines } = open(2);
    for (const sid of ['one', 'two', 'three', 'four']) journal.add(ended(sid));
    expect(entries().map(({ session }) => session)).toEqual(['three', 'four']);
    expect(journal.dropped).toBe(2);
    expect(lines.filter(({ event }) => event === 'revocations_dropped')).toHaveLength(1);
  });

  test('keeps one entry for a session that is revoked again', () => {
    const { journal } = open();
    for (let i = 0; i < 3; i += 1) journal.add(ended('one'));
    expect(journal.size).toBe(1);
  });

  test.for([USER, '', '{', '{"user":1}', '[]', '{"user":"u","ver":"1"}'])(
    'ignores the message %s, which is of an earlier version or malformed',
    (message) => {
      const { journal } = open();
      expect(journal.add(message)).toEqual([]);
      expect(journal.size).toBe(0);
    },
  );

  test('keeps the highest version of a user, with the password that was set last, in any order', () => {
    const states = [
      stateOf(2, { gen: 2, passwordHash: 'first' }),
      stateOf(3, { gen: 3, passwordHash: 'second' }),
      stateOf(4, { gen: 3, status: 'blocked' }),
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const { journal, entries } = open();
      for (const n of order) journal.add(JSON.stringify(states[n]));
      const state = { ...states[2], passwordHash: 'second', passwordVer: 3 };
      expect(entries()).toEqual([{ user: USER, state }]);
    }
  });

  test('an entry is about 100 bytes, and 300 with a password hash', () => {
    const state = stateOf(4, { gen: 2, ranges: '["192.0.2.0/24"]' });
    expect(JSON.stringify(state).length).toBeLessThan(130);
    expect(ended(randomBytes(16).toString('base64url')).length).toBeLessThan(100);
  });
});

describe('replaying', () => {
  const userTest = redisTest.extend('user', async ({ link }): Promise<User> => {
    await link.run((client) => client.flushAll());
    return (await addUser(link, newUserNamed('ann'), new Date())) as User;
  });
  const test = userTest.extend('replay', ({ link, user }) => async (state: Omit<UserState, 'user'>) => {
    const { keys, args } = replayCall(user.id, [{ user: user.id, state: { ...state, user: user.id } }]);
    await runScript(link, REPLAY_REVOCATIONS, keys, args);
  });

  test('leaves a user of a newer version as it is', async ({ link, user, replay }) => {
    await changeUser(link, user.id, () => ({ set: { role: 'supervisor' } }));
    await changeUser(link, user.id, () => ({ set: { role: 'admin' }, end: 'all' }));
    const before = await findUser(link, user.id);
    await replay(stateOf(user.version + 1, { gen: 0, role: 'user', status: 'blocked' }));
    expect(await findUser(link, user.id)).toEqual(before);
    expect(await link.run((client) => client.get(authzKey(user.id)))).toBe('{"role":"admin","gen":1}');
  });

  test('raises the generation of a user of a newer version, and nothing else', async ({
    link,
    user,
    replay,
  }) => {
    await changeUser(link, user.id, () => ({ set: { role: 'supervisor' } }));
    await changeUser(link, user.id, () => ({ set: { role: 'admin' } }));
    await replay(stateOf(user.version + 1, { gen: 5 }));
    expect(await findUser(link, user.id)).toMatchObject({
      role: 'admin',
      generation: 5,
      version: user.version + 2,
    });
    expect(await link.run((client) => client.get(authzKey(user.id)))).toBe('{"role":"admin","gen":5}');
  });

  test('twice changes nothing more', async ({ link, user, redis, replay }) => {
    const state = stateOf(user.version + 3, {
      gen: 2,
      ranges: '["192.0.2.1"]',
      passwordHash: 'x',
      passwordVer: 2,
    });
    await replay(state);
    const once = await redis.dump();
    expect(await findUser(link, user.id)).toMatchObject({
      generation: 2,
      ranges: ['192.0.2.1'],
      passwordHash: 'x',
    });
    await replay(state);
    expect(await redis.dump()).toEqual(once);
  });

  test('does not create a user whom Redis does not know', async ({ link, user, replay }) => {
    await link.run((client) => client.del([userKey(user.id), authzKey(user.id)]));
    await replay(stateOf(9, { gen: 3 }));
    expect(await link.run((client) => client.exists([userKey(user.id), authzKey(user.id)]))).toBe(0);
  });

  test('ends a session and leaves the others of its user', async ({ link, user }) => {
    const keysOf = (sid: string) => [sessionKey(user.id, sid), sessionDataKey(user.id, sid)] as const;
    for (const sid of ['one', 'two']) {
      const [session, data] = keysOf(sid);
      await link.run((client) => client.set(session, 'any'));
      await link.run((client) => client.hSet(data, 'cart', '1'));
    }
    const { keys, args } = replayCall(user.id, [{ user: user.id, session: 'one' }]);
    await runScript(link, REPLAY_REVOCATIONS, keys, args);
    expect(await link.run((client) => client.exists([...keysOf('one')]))).toBe(0);
    expect(await link.run((client) => client.exists([...keysOf('two')]))).toBe(2);
  });
});

describe('every script that revokes', () => {
  test('is one that has its revocations remembered and confirmed', async () => {
    for (const path of ['sessions/start.ts', 'sessions/refresh.ts', 'sessions/end.ts', 'users/update.ts'])
      await import(`../../src/${path}`);
    const publishing = definedScripts().filter(({ source }) => source.includes(`'${revocationsChannel()}'`));
    expect(publishing.map(({ name }) => name).sort()).toEqual([
      'session-end',
      'session-end-others',
      'session-refresh',
      'session-start',
      'user-change',
    ]);
    for (const { source } of publishing) expect(source).toContain('return { message, isWaitedFor, reply }');
    const revoking = definedScripts().filter(
      ({ name, source }) =>
        /(?<!function )removeSession\(|'DEL', authzKey/.test(source) && name !== 'revocations-replay',
    );
    expect(publishing).toEqual(expect.arrayContaining(revoking));
  });
});
