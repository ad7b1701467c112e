import { usernameKey, usernamesKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import { foldUsername } from './fields.ts';
import { findUser, type User } from './users.ts';

interface UserQuery {
  limit: number;
  /** `nextCursor` of the previous page. */
  cursor?: string | undefined;
  /** Lists only usernames with this prefix. Case does not matter. */
  prefix?: string | undefined;
}

export interface UserPage {
  /** Sorted by username. */
  users: User[];
  /** For the next page; null on the last page. */
  nextCursor: string | null;
}

/** Sorts after every character that a username can contain. */
const LAST = '\u{10ffff}';

/** A page of the users. @throws {RedisUnavailable} */
export async function listUsers(
  redis: RedisStore,
  { limit, cursor, prefix = '' }: UserQuery,
): Promise<UserPage> {
  const begin = foldUsername(prefix);
  const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString();
  const from = after === undefined || after < begin ? `[${begin}` : `(${after}`;
  const options = { BY: 'LEX', LIMIT: { offset: 0, count: limit + 1 } } as const;
  const names = await redis.runFor(usernamesKey(), (client) =>
    client.zRange(usernamesKey(), from, `[${begin}${LAST}`, options),
  );
  const shown = names.slice(0, limit);
  const users = await Promise.all(shown.map((name) => userOfName(redis, name)));
  const last = names.length > limit ? shown.at(-1) : undefined;
  return {
    users: users.filter((user) => user !== undefined),
    nextCursor: last === undefined ? null : Buffer.from(last).toString('base64url'),
  };
}

/** Undefined for a name whose user was not fully created because the gateway stopped. */
async function userOfName(redis: RedisStore, name: string): Promise<User | undefined> {
  const id = await redis.runFor(usernameKey(name), (client) => client.get(usernameKey(name)));
  return id === null ? undefined : findUser(redis, id);
}
