import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { authzKey, superAdminsKey, userKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { readAuthorization } from '../../src/users/authorization.ts';
import { registerSuperAdmin, releaseSuperAdmin } from '../../src/users/super-admins.ts';
import { changeUser, type UserChange } from '../../src/users/update.ts';
import { addUser, findUser, type NewUser, type User } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const NOW = new Date('2030-01-01T00:00:00Z');

let redis: TestRedis;
let links: RedisLink[];
beforeAll(async () => {
  redis = await startTestRedis();
  const log = createLog('cli', 'silent');
  links = [1, 2, 3].map(() => new RedisLink({ url: redis.url, deadlineMs: 900, log }));
  await Promise.all(links.map((link) => link.whenReady(5000)));
});
afterAll(async () => {
  for (const link of links) link.close();
  await redis.stop();
});

const link = (i = 0): RedisLink => links[i % links.length] as RedisLink;
let made = 0;
async function newUser(over: Partial<NewUser> = {}): Promise<User> {
  const username = `user-${++made}`;
  const base = { username, displayName: username, passwordHash: '$argon2id$…', role: 'user' as const };
  const user = await addUser(link(), { ...base, ...over }, NOW);
  if (user instanceof Refusal) throw new Error(user.reason);
  return user;
}
const standingOf = async ({ id }: User) => {
  const text = await link().run((client) => client.get(authzKey(id)));
  return text === null ? null : readAuthorization(text);
};
const change = (user: User, what: UserChange, i = 0) => changeUser(link(i), user.id, () => what);

test('the authorisation entry says after each change what the user is then, and nothing while blocked', async () => {
  const user = await newUser({ ranges: ['10.0.0.0/8', '2001:db8::/32'] });
  const ranges = ['10.0.0.0/8', '2001:db8::/32'];
  expect(await standingOf(user)).toEqual({ role: 'user', gen: 0, ranges });
  await change(user, { set: { role: 'supervisor' } });
  expect(await standingOf(user)).toEqual({ role: 'supervisor', gen: 0, ranges });
  await change(user, { set: { status: 'blocked' }, end: 'all' });
  expect(await standingOf(user)).toBeNull();
  await change(user, { set: { ranges: undefined } });
  expect(await standingOf(user)).toBeNull();
  await change(user, { set: { status: 'active' } });
  expect(await standingOf(user)).toEqual({ role: 'supervisor', gen: 1 });
  expect(await findUser(link(), user.id)).toMatchObject({
    role: 'supervisor',
    gen: 1,
    ver: 4,
    status: 'active',
  });
});

test('of many changes at the same moment from several processes none is lost', async () => {
  const user = await newUser();
  await Promise.all(Array.from({ length: 15 }, (_, i) => change(user, { end: 'all' }, i)));
  expect(await findUser(link(), user.id)).toMatchObject({ gen: 15, ver: 15 });
});

test('what is decided is decided on the user as they are in that moment: one of two who need the same state gets it', async () => {
  const user = await newUser();
  const promote = (i: number) =>
    changeUser(link(i), user.id, (present) =>
      present.role === 'user' ? { set: { role: 'supervisor' } } : new Refusal('own_account'),
    );
  const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => promote(i)));
  expect(outcomes.filter((outcome) => outcome instanceof Refusal)).toHaveLength(9);
});

test('a change of nobody makes nobody', async () => {
  const before = await redis.dump();
  expect(await changeUser(link(), 'x'.repeat(22), () => ({ end: 'all' }))).toMatchObject({
    reason: 'user_unknown',
  });
  expect(await redis.dump()).toEqual(before);
});

test('however many super-admins step down at the same moment, one stays', async () => {
  for (let round = 0; round < 8; round += 1) {
    const admins = await Promise.all(Array.from({ length: 5 }, () => newUser({ role: 'super-admin' })));
    const downs: UserChange[] = [{ set: { role: 'user' } }, { set: { status: 'blocked' }, end: 'all' }];
    const present = await superAdmins();
    await Promise.all(present.map((id, i) => changeUser(link(i), id, () => downs[i % 2] as UserChange)));
    const left = await superAdmins();
    expect(left).toHaveLength(1);
    const users = await Promise.all(
      [...new Set([...present, ...admins.map(({ id }) => id)])].map((id) => findUser(link(), id)),
    );
    const active = users.filter((user) => user?.role === 'super-admin' && user.status === 'active');
    expect(active.map((user) => user?.id)).toEqual(left);
  }
});

test('promotions and demotions of the same users that cross leave the list as the users are', async () => {
  const users = await Promise.all(Array.from({ length: 3 }, () => newUser()));
  const roles = ['super-admin', 'user'] as const;
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      change(users[i % 3] as User, { set: { role: roles[(i + Math.floor(i / 3)) % 2] as 'user' } }, i),
    ),
  );
  const named = await superAdmins();
  for (const { id } of users)
    expect(named.includes(id)).toBe((await findUser(link(), id))?.role === 'super-admin');
});

test('late news of a promotion that was taken back is passed over', async () => {
  const [one, two] = [await newUser({ role: 'super-admin' }), await newUser()];
  await registerSuperAdmin(link(), one.id, one.ver);
  expect(await releaseSuperAdmin(link(), two.id, 2)).toBe(true);
  await registerSuperAdmin(link(), two.id, 1);
  expect(await superAdmins()).not.toContain(two.id);
  await registerSuperAdmin(link(), two.id, 3);
  expect(await superAdmins()).toContain(two.id);
  await releaseSuperAdmin(link(), two.id, 4);
});

test('who was about to step down when something else about them changed, and then did not, is still counted', async () => {
  const user = await newUser({ role: 'super-admin' });
  let faster: Promise<unknown> | undefined;
  const outcome = await changeUser(link(0), user.id, () => {
    if (faster !== undefined) return new Refusal('own_account');
    faster = link(1).run((client) => client.hIncrBy(userKey(user.id), 'ver', 1));
    return { set: { role: 'user' } };
  });
  await faster;
  expect(outcome).toMatchObject({ reason: 'own_account' });
  expect(await findUser(link(), user.id)).toMatchObject({ role: 'super-admin', ver: 1 });
  expect(await superAdmins()).toContain(user.id);
});

async function superAdmins(): Promise<string[]> {
  const all = await link().run((client) => client.hGetAll(superAdminsKey()));
  return Object.entries(all).flatMap(([id, ver]) => (ver.startsWith('+') ? [id] : []));
}
