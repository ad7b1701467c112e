import { expect } from 'vitest';
import { authzKey, superAdminsKey, userKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { readAuthorization } from '../../src/users/authorization.ts';
import { registerSuperAdmin, releaseSuperAdmin } from '../../src/users/super-admins.ts';
import { changeUser, type UserChange } from '../../src/users/update.ts';
import { findUser, type User } from '../../src/users/users.ts';
import { userTest as test, type UserStore } from './user-store.ts';

async function authorizationOf({ link }: UserStore, { id }: User) {
  const text = await link().run((client) => client.get(authzKey(id)));
  return text === null ? null : readAuthorization(text);
}

const changeBy = ({ link }: UserStore, user: User, change: UserChange, process = 0) =>
  changeUser(link(process), user.id, () => change);

async function superAdmins({ link }: UserStore): Promise<string[]> {
  const all = await link().run((client) => client.hGetAll(superAdminsKey()));
  return Object.entries(all).flatMap(([id, version]) => (version.startsWith('+') ? [id] : []));
}

test('the authorization follows every change of the user and is absent while the user is blocked', async ({
  store,
}) => {
  const ranges = ['10.0.0.0/8', '2001:db8::/32'];
  const user = await store.newUser({ ranges: [...ranges] });
  const change = (what: UserChange) => changeBy(store, user, what);
  expect(await authorizationOf(store, user)).toEqual({ role: 'user', generation: 0, ranges });
  await change({ set: { role: 'supervisor' } });
  expect(await authorizationOf(store, user)).toEqual({ role: 'supervisor', generation: 0, ranges });
  await change({ set: { status: 'blocked' }, end: 'all' });
  expect(await authorizationOf(store, user)).toBeNull();
  await change({ set: { ranges: undefined } });
  expect(await authorizationOf(store, user)).toBeNull();
  await change({ set: { status: 'active' } });
  expect(await authorizationOf(store, user)).toEqual({ role: 'supervisor', generation: 1 });
  expect(await findUser(store.link(), user.id)).toMatchObject({
    role: 'supervisor',
    generation: 1,
    version: 4,
    status: 'active',
  });
});

test('no change is lost when several processes change the same user at once', async ({ store }) => {
  const user = await store.newUser();
  await Promise.all(Array.from({ length: 15 }, (_, i) => changeBy(store, user, { end: 'all' }, i)));
  expect(await findUser(store.link(), user.id)).toMatchObject({ generation: 15, version: 15 });
});

test('each decision sees the current user: of ten that require the same state, one succeeds', async ({
  store,
}) => {
  const user = await store.newUser();
  const promote = (process: number) =>
    changeUser(store.link(process), user.id, (current) =>
      current.role === 'user' ? { set: { role: 'supervisor' } } : new Refusal('own_account'),
    );
  const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => promote(i)));
  expect(outcomes.filter((outcome) => outcome instanceof Refusal)).toHaveLength(9);
});

test('changing an unknown user creates nothing', async ({ store }) => {
  const before = await store.redis.dump();
  expect(await changeUser(store.link(), 'x'.repeat(22), () => ({ end: 'all' }))).toMatchObject({
    reason: 'user_unknown',
  });
  expect(await store.redis.dump()).toEqual(before);
});

test('one super-admin remains, however many step down at once', async ({ store }) => {
  for (let round = 0; round < 8; round += 1) {
    const admins = await Promise.all(Array.from({ length: 5 }, () => store.newUser({ role: 'super-admin' })));
    const downs: UserChange[] = [{ set: { role: 'user' } }, { set: { status: 'blocked' }, end: 'all' }];
    const present = await superAdmins(store);
    await Promise.all(
      present.map((id, i) => changeUser(store.link(i), id, () => downs[i % 2] as UserChange)),
    );
    const left = await superAdmins(store);
    expect(left).toHaveLength(1);
    const users = await Promise.all(
      [...new Set([...present, ...admins.map(({ id }) => id)])].map((id) => findUser(store.link(), id)),
    );
    const active = users.filter((user) => user?.role === 'super-admin' && user.status === 'active');
    expect(active.map((user) => user?.id)).toEqual(left);
  }
});

test('after concurrent promotions and demotions, the list of super-admins matches the users', async ({
  store,
}) => {
  const users = await Promise.all(Array.from({ length: 3 }, () => store.newUser()));
  const roles = ['super-admin', 'user'] as const;
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => {
      const role = roles[(i + Math.floor(i / 3)) % 2] as 'user';
      return changeBy(store, users[i % 3] as User, { set: { role } }, i);
    }),
  );
  const listed = await superAdmins(store);
  for (const { id } of users)
    expect(listed.includes(id)).toBe((await findUser(store.link(), id))?.role === 'super-admin');
});

test('a late registration of a super-admin who has stepped down is ignored', async ({ store }) => {
  const link = store.link();
  const [one, two] = [await store.newUser({ role: 'super-admin' }), await store.newUser()];
  await registerSuperAdmin(link, one);
  expect(await releaseSuperAdmin(link, two.id, 2)).toBe(true);
  await registerSuperAdmin(link, { ...two, version: 1 });
  expect(await superAdmins(store)).not.toContain(two.id);
  await registerSuperAdmin(link, { ...two, version: 3 });
  expect(await superAdmins(store)).toContain(two.id);
  await releaseSuperAdmin(link, two.id, 4);
});

test('a super-admin whose step-down was overtaken by another change and then refused stays on the list', async ({
  store,
}) => {
  const user = await store.newUser({ role: 'super-admin' });
  let overtaking: Promise<unknown> | undefined;
  const outcome = await changeUser(store.link(0), user.id, () => {
    if (overtaking !== undefined) return new Refusal('own_account');
    overtaking = store.link(1).run((client) => client.hIncrBy(userKey(user.id), 'ver', 1));
    return { set: { role: 'user' } };
  });
  await overtaking;
  expect(outcome).toMatchObject({ reason: 'own_account' });
  expect(await findUser(store.link(), user.id)).toMatchObject({ role: 'super-admin', version: 1 });
  expect(await superAdmins(store)).toContain(user.id);
});

test('a change that keeps a session is refused once that session has ended', async ({ store }) => {
  const user = await store.newUser();
  const before = await store.redis.dump();
  const outcome = await changeBy(store, user, {
    set: { passwordHash: 'new' },
    end: { keepSid: 's'.repeat(22), keepJti: 'j'.repeat(22) },
  });
  expect(outcome).toMatchObject({ reason: 'session_over' });
  expect(await store.redis.dump()).toEqual(before);
});

test('two super-admins cannot both get address ranges, concurrently or one after the other', async ({
  store,
}) => {
  const [one, two] = [
    await store.newUser({ role: 'super-admin' }),
    await store.newUser({ role: 'super-admin' }),
  ];
  for (const id of await superAdmins(store))
    if (id !== one.id && id !== two.id) await changeUser(store.link(), id, () => ({ set: { role: 'user' } }));
  const restrict = (user: User, process: number) =>
    changeBy(store, user, { set: { ranges: ['10.0.0.0/8'] } }, process);
  const outcomes = await Promise.all([restrict(one, 0), restrict(two, 1)]);
  expect(outcomes.filter((outcome) => outcome instanceof Refusal)).toMatchObject([
    { reason: 'last_super_admin' },
  ]);
  const [left = ''] = await superAdmins(store);
  expect(await changeUser(store.link(), left, () => ({ set: { status: 'blocked' } }))).toMatchObject({
    reason: 'last_super_admin',
  });
});

test('where all super-admins have address ranges, one of them remains', async ({ store }) => {
  const ranges = ['10.0.0.0/8'];
  const [one, two] = [
    await store.newUser({ role: 'super-admin', ranges }),
    await store.newUser({ role: 'super-admin', ranges }),
  ];
  await store.link().run((client) => client.del(superAdminsKey()));
  for (const user of [one, two]) await registerSuperAdmin(store.link(), user);
  const block = (user: User) => changeBy(store, user, { set: { status: 'blocked' } });
  expect(await block(one)).toMatchObject({ status: 'blocked' });
  expect(await block(two)).toMatchObject({ reason: 'last_super_admin' });
});
