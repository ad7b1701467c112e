import type { RedisLink } from '../../src/redis/connection.ts';
import { addUser, findUserByName } from '../../src/users/users.ts';

let made = 0;

/** Adds customers with bob's password, which takes no hashing, and returns their usernames. */
export async function addCustomers(link: RedisLink, count: number): Promise<string[]> {
  const passwordHash = (await findUserByName(link, 'bob'))?.passwordHash ?? '';
  const names = Array.from({ length: count }, () => `customer-${++made}`);
  for (const username of names)
    await addUser(link, { username, displayName: username, passwordHash, role: 'user' }, new Date());
  return names;
}
