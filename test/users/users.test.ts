import { expect } from 'vitest';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { Refusal } from '../../src/refusal.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { addUser, findUser, findUserByName } from '../../src/users/users.ts';
import { NOW, newUserNamed, userTest as test } from './user-store.ts';

test('a user is found by id and by any variant of the username, with the role', async ({ store }) => {
  const added = await addUser(store.link(), newUserNamed('Zoë'), NOW);
  if (added instanceof Refusal) throw new Error(added.reason);
  expect(added.id).toMatch(/^[\w-]{22}$/);
  expect(await findUserByName(store.link(), 'ZOE\u0308')).toEqual(added);
  expect(await findUser(store.link(), added.id)).toEqual(added);
});

test('of twenty concurrent attempts to take one username, one succeeds and the others leave nothing behind', async ({
  store,
}) => {
  const link = store.link();
  const before = await link.run((client) => client.dbSize());
  const results = await Promise.all(
    Array.from({ length: 20 }, () => addUser(link, newUserNamed('wanted'), NOW)),
  );
  expect(results.filter((result) => result instanceof Refusal)).toHaveLength(19);
  expect(await link.run((client) => client.dbSize())).toBe(before + 3);
});

test('an unknown username or id finds no user', async ({ store }) => {
  expect(await findUserByName(store.link(), 'nobody')).toBeUndefined();
  expect(await findUser(store.link(), 'nobody')).toBeUndefined();
});

test('seeding twice does not change the demo users', async ({ store }) => {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    const first = await seedDemoUsers(store.link(), hasher, NOW);
    expect(await seedDemoUsers(store.link(), hasher, NOW)).toEqual(first);
    expect(first.map(({ username, role }) => [username, role])).toEqual([
      ['bob', 'user'],
      ['alice', 'user'],
      ['sam', 'supervisor'],
      ['ada', 'admin'],
      ['root', 'super-admin'],
    ]);
  } finally {
    await hasher.close();
  }
});
