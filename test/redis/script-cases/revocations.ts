import type { RedisLink } from '../../../src/redis/connection.ts';
import {
  authzKey,
  resetKey,
  sessionDataKey,
  sessionKey,
  sessionsKey,
  userKey,
} from '../../../src/redis/keys.ts';
import { WRITE_MARKER } from '../../../src/redis/replication/server-confirmer.ts';
import { runScript } from '../../../src/redis/scripts.ts';
import type { RevocationEntry, UserState } from '../../../src/users/revocations/entry.ts';
import { REPLAY_REVOCATIONS, replayCall } from '../../../src/users/revocations/replay-script.ts';
import type { ScriptCase } from '../script-trial.ts';

const USER = 'R'.repeat(22);

const stateOf = (changes: Partial<UserState> = {}): UserState => ({
  user: USER,
  ver: 3,
  gen: 1,
  role: 'user',
  status: 'active',
  ranges: '["192.0.2.1"]',
  ...changes,
});

/** A user in version 1 with one session and a reset token. */
async function seed(link: RedisLink): Promise<void> {
  const fields = { ver: '1', gen: '0', role: 'supervisor', status: 'active', passwordHash: 'old' };
  await link.run((client) =>
    client.hSet(userKey(USER), { ...fields, passwordVia: 'staff', resetJti: 'jti' }),
  );
  await link.run((client) => client.set(authzKey(USER), '{"role":"supervisor","gen":0}'));
  await link.run((client) => client.set(resetKey(USER, 'jti'), '1', { EX: 300 }));
  await link.run((client) => client.set(sessionKey(USER, 'sid'), 'any', { EX: 300 }));
  await link.run((client) => client.hSet(sessionDataKey(USER, 'sid'), 'cart', '1'));
  await link.run((client) => client.set(sessionsKey(USER), 'sid other'));
}

const replaying = (when: string, entries: readonly RevocationEntry[]): ScriptCase => ({
  script: 'revocations-replay',
  when,
  run: async (link) => {
    await seed(link);
    const { keys, args } = replayCall(USER, entries);
    await runScript(link, REPLAY_REVOCATIONS, keys, args);
  },
});

export const REVOCATION_CASES: readonly ScriptCase[] = [
  replaying('a session that has ended', [{ user: USER, session: 'sid' }]),
  replaying('a block', [{ user: USER, state: stateOf({ status: 'blocked' }) }]),
  replaying('a newer state with a password', [
    { user: USER, state: stateOf({ passwordHash: 'new', passwordVer: 2, passwordVia: 'staff' }) },
    { user: USER, session: 'sid' },
  ]),
  replaying('a higher generation of an older version', [{ user: USER, state: stateOf({ ver: 1 }) }]),
  {
    script: 'replication-marker',
    when: 'there is no replica',
    run: (link) => runScript(link, WRITE_MARKER, ['marker:{u}'], []),
  },
];
