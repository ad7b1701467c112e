import { describe, expect } from 'vitest';
import { createLog } from '../../src/log.ts';
import { authzKey, userKey } from '../../src/redis/keys.ts';
import type { UserState } from '../../src/users/revocations/entry.ts';
import { RevocationJournal } from '../../src/users/revocations/journal.ts';
import { replayJournal } from '../../src/users/revocations/replay.ts';
import { redisTest } from '../support/fixtures.ts';

const USER = 'u'.repeat(22);
const log = createLog('gateway', 'silent');

const journalOf = (...messages: object[]): RevocationJournal => {
  const journal = new RevocationJournal({ keptMs: 60_000, max: 1000, log });
  for (const message of messages) journal.add(JSON.stringify(message));
  return journal;
};

const state = (changes: Partial<UserState>) => ({
  ...{ user: USER, ver: 6, gen: 1, role: 'user', status: 'active', ranges: '' },
  ...changes,
});

const test = redisTest.extend(
  'replayOn',
  ({ link }) =>
    async (stored: Record<string, string>, ...messages: object[]) => {
      const fields = { ver: '5', gen: '1', role: 'user', status: 'active', ...stored };
      await link.run((client) => client.del([userKey(USER), authzKey(USER)]));
      await link.run((client) => client.hSet(userKey(USER), fields));
      await link.run((client) => replayJournal(client, journalOf(...messages), 'server'));
      const { role, status, ranges, ver } = await link.run((client) => client.hGetAll(userKey(USER)));
      const isActive = (await link.run((client) => client.exists(authzKey(USER)))) === 1;
      return { role, status, ranges, ver, isActive };
    },
);

describe('a replay only takes authority away', () => {
  test('a user who was blocked after a failover is not unblocked by an earlier state with a higher version', async ({
    replayOn,
  }) => {
    const after = await replayOn({ ver: '6', status: 'blocked' }, state({ ver: 7, role: 'admin' }));
    expect(after).toMatchObject({ status: 'blocked', role: 'user', isActive: false });
  });

  test('nobody is promoted, and a demotion is applied', async ({ replayOn }) => {
    expect(await replayOn({}, state({ role: 'super-admin' }))).toMatchObject({ role: 'user', ver: '6' });
    expect(await replayOn({ role: 'admin' }, state({}))).toMatchObject({ role: 'user', isActive: true });
  });

  test('address ranges are applied, and not removed', async ({ replayOn }) => {
    const ranges = '["192.0.2.0/24"]';
    expect(await replayOn({}, state({ ranges }))).toMatchObject({ ranges });
    expect(await replayOn({ ranges }, state({}))).toMatchObject({ ranges });
  });

  test('a block is applied to a user of the same version, who was changed after a failover that lost the block', async ({
    replayOn,
  }) => {
    expect(await replayOn({ ver: '6' }, state({ status: 'blocked' }))).toMatchObject({
      status: 'blocked',
      ver: '7',
      isActive: false,
    });
  });

  test('a user of a higher version is left as it is', async ({ replayOn }) => {
    expect(await replayOn({ ver: '7' }, state({ status: 'blocked' }))).toMatchObject({
      status: 'active',
      ver: '7',
    });
  });

  test('of two states of which neither is known to be newer, the journal keeps what allows less', async ({
    replayOn,
  }) => {
    const lost = state({ ver: 7, role: 'admin' });
    const block = state({ ver: 6, status: 'blocked' });
    expect(await replayOn({}, lost, block)).toMatchObject({ status: 'blocked', role: 'user' });
  });
});

test.for<[what: string, message: object]>([
  ['a user without an id', { user: '', sessions: ['sid'] }],
  ['a user with a hash tag of its own', { user: 'x}y', sessions: ['sid'] }],
  ['a session with a hash tag', { user: USER, sessions: ['}{'] }],
  ['ranges that are no list', state({ ranges: 'null' })],
  ['a negative version', state({ ver: -1 })],
])('a message with %s is not remembered', ([, message]) => {
  expect(journalOf(message).size).toBe(0);
});
