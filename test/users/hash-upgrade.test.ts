import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { readPeppers } from '../../src/keys/pepper.ts';
import { upgradeHash } from '../../src/users/hashes/upgrade.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { changeUser } from '../../src/users/update.ts';
import { findUser } from '../../src/users/users.ts';
import { userTest } from './user-store.ts';

const PASSWORD = 'foobared';
const pepper = (): string => randomBytes(32).toString('base64url');

/** `plain` hashes without a pepper, `peppered` with one. */
const test = userTest.extend('hashers', { scope: 'file' }, async ({}, { onCleanup }) => {
  const sizes = { workers: 1, queueMax: 20 };
  const plain = new PasswordHasher(sizes);
  const peppered = new PasswordHasher({ ...sizes, peppers: readPeppers(pepper()) });
  onCleanup(async () => {
    await plain.close();
    await peppered.close();
  });
  return { plain, peppered };
});

test('an outdated hash is replaced by one of the same password, and no session ends', async ({
  store,
  hashers: { plain, peppered },
}) => {
  const user = await store.newUser({ passwordHash: await plain.hash(PASSWORD) });
  const deps = { redis: store.link(), hasher: peppered };
  expect(await upgradeHash(deps, user, PASSWORD)).toBe(true);
  const after = await findUser(store.link(), user.id);
  expect(after).toEqual({ ...user, passwordHash: expect.stringMatching(/^\$hmac-sha256\$k=/) });
  expect(await peppered.verify(PASSWORD, after?.passwordHash)).toBe(true);
  expect(await upgradeHash(deps, after ?? user, PASSWORD)).toBe(false);
});

test('a password that is changed during the upgrade is not overwritten', async ({
  store,
  hashers: { plain, peppered },
}) => {
  const user = await store.newUser({ passwordHash: await plain.hash(PASSWORD) });
  const changed = await peppered.hash('another one');
  const deps = { redis: store.link(), hasher: peppered };
  const upgrade = upgradeHash(deps, user, PASSWORD);
  await changeUser(store.link(1), user.id, () => ({ set: { passwordHash: changed }, end: 'all' }));
  expect(await upgrade).toBe(false);
  expect((await findUser(store.link(), user.id))?.passwordHash).toBe(changed);
});

test('of many concurrent upgrades one is stored', async ({ store, hashers: { plain, peppered } }) => {
  const user = await store.newUser({ passwordHash: await plain.hash(PASSWORD) });
  const upgrades = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      upgradeHash({ redis: store.link(i), hasher: peppered }, user, PASSWORD),
    ),
  );
  expect(upgrades.filter(Boolean)).toHaveLength(1);
});
