import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { addUser, findUser, findUserByName } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const NOW = new Date('2030-01-01T00:00:00Z');

let redis: TestRedis;
let link: RedisLink;
beforeAll(async () => {
  redis = await startTestRedis();
  link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  await link.whenReady(5000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

const newUser = (username: string) => ({
  username,
  displayName: username,
  passwordHash: '$argon2id$…',
  role: 'user' as const,
});

test('a user is found by name in any spelling and by id, with the role', async () => {
  const added = await addUser(link, newUser('Zoë'), NOW);
  if (added instanceof Refusal) throw new Error(added.reason);
  expect(added.id).toMatch(/^[\w-]{22}$/);
  expect(await findUserByName(link, 'ZOE\u0308')).toEqual(added);
  expect(await findUser(link, added.id)).toEqual(added);
});

test('of twenty who take one name at the same moment one gets it and nothing is left of the others', async () => {
  const before = await link.run((client) => client.dbSize());
  const results = await Promise.all(Array.from({ length: 20 }, () => addUser(link, newUser('wanted'), NOW)));
  expect(results.filter((result) => result instanceof Refusal)).toHaveLength(19);
  expect(await link.run((client) => client.dbSize())).toBe(before + 3);
});

test('a name that nobody has finds nobody', async () => {
  expect(await findUserByName(link, 'nobody')).toBeUndefined();
  expect(await findUser(link, 'nobody')).toBeUndefined();
});

test('seeding twice leaves the demo users as they are', async () => {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    const first = await seedDemoUsers(link, hasher, NOW);
    expect(await seedDemoUsers(link, hasher, NOW)).toEqual(first);
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
