import type { RedisStore } from '../redis/store.ts';
import type { PasswordHasher } from '../users/passwords.ts';
import type { Role } from '../users/roles.ts';
import { addUser, findUserByName, type User } from '../users/users.ts';

interface DemoUser {
  username: string;
  password: string;
  displayName: string;
  role: Role;
}

/** Demo logins with well-known passwords. Only `portcullis dev` creates them. */
export const DEMO_USERS: readonly DemoUser[] = [
  { username: 'bob', password: 'foobared', displayName: 'Bob Mould', role: 'user' },
  { username: 'alice', password: 'wonderland1', displayName: 'Alice Liddell', role: 'user' },
  { username: 'sam', password: 'supervise1', displayName: 'Sam Vimes', role: 'supervisor' },
  { username: 'ada', password: 'administer1', displayName: 'Ada Byron', role: 'admin' },
  { username: 'root', password: 'superadmin1', displayName: 'Root Cellar', role: 'super-admin' },
];

/** Adds the demo users that don't exist yet. Existing ones are left unchanged. @returns all of them */
export async function seedDemoUsers(
  redis: RedisStore,
  hasher: Pick<PasswordHasher, 'hash'>,
  now: Date,
): Promise<User[]> {
  const users: User[] = [];
  for (const { password, ...demo } of DEMO_USERS) {
    const present = await findUserByName(redis, demo.username);
    const user =
      present ??
      (await addUser(
        redis,
        { ...demo, email: emailOf(demo), passwordHash: await hasher.hash(password) },
        now,
      ));
    if ('id' in user) users.push(user);
  }
  return users;
}

/** In a reserved domain (RFC 2606), so that no email is ever delivered. */
const emailOf = ({ username }: Pick<DemoUser, 'username'>): string => `${username}@demo.example`;
