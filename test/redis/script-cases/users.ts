import { fixedRing, keyRingFromPem, makeKeyPem } from '../../../src/keys/ring.ts';
import type { RedisLink } from '../../../src/redis/connection.ts';
import { sessionKey, whitelistKey } from '../../../src/redis/keys.ts';
import { sessionText } from '../../../src/redis/session-record.ts';
import { whitelistEntry } from '../../../src/redis/whitelist-entry.ts';
import { Refusal } from '../../../src/refusal.ts';
import { upgradeHash } from '../../../src/users/hashes/upgrade.ts';
import { issueResetToken } from '../../../src/users/password-reset.ts';
import { registerSuperAdmin, releaseSuperAdmin } from '../../../src/users/super-admins.ts';
import { changeUser, type UserChange } from '../../../src/users/update.ts';
import { addUser, findUser, type User } from '../../../src/users/users.ts';
import { sessionRecord } from '../../sessions/session-record.ts';
import { newUserNamed } from '../../users/user-store.ts';
import type { ScriptCase } from '../script-trial.ts';

const ring = fixedRing(await keyRingFromPem(await makeKeyPem()));

async function add(link: RedisLink): Promise<User> {
  const user = await addUser(link, newUserNamed('ann'), new Date('2030-01-01T00:00:00Z'));
  if (user instanceof Refusal) throw new Error(user.reason);
  return user;
}

const rehasher = { isOutdated: () => true, hash: async () => 'new' };

const superAdmin = (id: string) => ({ id, version: 1, ranges: undefined });

const issueReset = (redis: RedisLink, { id }: User) =>
  issueResetToken({ redis, ring, issuer: 'https://gate.example' }, id, Date.now());

const changing = (
  when: string,
  changeOf: (link: RedisLink, user: User) => Promise<UserChange>,
): ScriptCase => ({
  script: 'user-change',
  when,
  run: async (link) => {
    const user = await add(link);
    const change = await changeOf(link, user);
    await changeUser(link, user.id, () => change);
  },
});

export const USER_CASES: readonly ScriptCase[] = [
  changing('a new role', async () => ({ set: { role: 'supervisor' } })),
  changing('a block', async () => ({ set: { status: 'blocked' }, end: 'all' })),
  changing('a new password that keeps one session', async (link, { id }) => {
    const session = sessionText(sessionRecord());
    await link.run((client) => client.set(sessionKey(id, 'sid'), session, { EX: 300 }));
    await link.run((client) => client.set(whitelistKey(id, 'jti'), whitelistEntry(0), { EX: 300 }));
    return { set: { passwordHash: 'new' }, end: { keepSid: 'sid', keepJti: 'jti' } };
  }),
  changing('a password reset', async (link, user) => {
    await issueReset(link, user);
    const resetJti = (await findUser(link, user.id))?.resetJti ?? '';
    return { set: { passwordHash: 'new' }, end: 'all', consumeReset: resetJti };
  }),
  {
    script: 'user-rehash',
    when: 'an outdated hash',
    run: async (link) => upgradeHash({ redis: link, hasher: rehasher }, await add(link), 'foobared'),
  },
  { script: 'username-claim', when: 'a new user', run: add },
  { script: 'user-read', when: 'a user', run: async (link) => findUser(link, (await add(link)).id) },
  { script: 'user-reset', when: 'a first token', run: async (link) => issueReset(link, await add(link)) },
  {
    script: 'user-reset',
    when: 'a second token',
    run: async (link) => {
      const user = await add(link);
      await issueReset(link, user);
      await issueReset(link, user);
    },
  },
  {
    script: 'super-admin-register',
    when: 'a new one',
    run: (link) => registerSuperAdmin(link, superAdmin('ann')),
  },
  {
    script: 'super-admin-release',
    when: 'another one remains',
    run: async (link) => {
      await registerSuperAdmin(link, superAdmin('ann'));
      await registerSuperAdmin(link, superAdmin('ben'));
      await releaseSuperAdmin(link, 'ann', 2);
    },
  },
];
