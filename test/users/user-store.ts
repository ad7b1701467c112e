import { test as base } from 'vitest';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import { addUser, type NewUser, type User } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

export const NOW = new Date('2030-01-01T00:00:00Z');

export interface UserStore {
  redis: TestRedis;
  /** The connection of one of three processes. */
  link(process?: number): RedisLink;
  /** Adds a user with a new username. @throws if the user is refused */
  newUser(changes?: Partial<NewUser>): Promise<User>;
}

/** A `test` with users over a real, private Redis (`store`) for the whole file. */
export const userTest = base.extend(
  'store',
  { scope: 'file' },
  async ({}, { onCleanup }): Promise<UserStore> => {
    const redis = await startTestRedis();
    const log = createLog('cli', 'silent');
    const links = [1, 2, 3].map(() => new RedisLink({ url: redis.url, deadlineMs: 900, log }));
    onCleanup(async () => {
      for (const link of links) link.close();
      await redis.stop();
    });
    await Promise.all(links.map((link) => link.whenReady(30_000)));
    const link = (process = 0): RedisLink => links[process % links.length] as RedisLink;
    let added = 0;
    const newUser = async (changes: Partial<NewUser> = {}): Promise<User> => {
      added += 1;
      const user = await addUser(link(), { ...newUserNamed(`user-${added}`), ...changes }, NOW);
      if (user instanceof Refusal) throw new Error(user.reason);
      return user;
    };
    return { redis, link, newUser };
  },
);

export const newUserNamed = (username: string): NewUser => ({
  username,
  displayName: username,
  passwordHash: '$argon2id$…',
  role: 'user',
});
