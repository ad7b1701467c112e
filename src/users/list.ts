import type { RedisLink } from '../redis/connection.ts';
import { usernameKey, usernamesKey } from '../redis/keys.ts';
import { foldUsername } from './fields.ts';
import { findUser, type User } from './users.ts';

export interface UserQuery {
  limit: number;
  /** From an earlier page: go on after this name. */
  cursor?: string | undefined;
  /** The beginning of the log-in names that are wanted, in any spelling. */
  prefix?: string | undefined;
}

export interface UserPage {
  /** By log-in name. */
  users: User[];
  /** For the next page; null when there are no more users. */
  nextCursor: string | null;
}

/** Sorts after every text that begins with what stands before it. */
const LAST = '\u{10ffff}';

/** A page of the users. @throws {RedisUnavailable} */
export async function listUsers(
  redis: RedisLink,
  { limit, cursor, prefix = '' }: UserQuery,
): Promise<UserPage> {
  const begin = foldUsername(prefix);
  const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString();
  const from = after === undefined || after < begin ? `[${begin}` : `(${after}`;
  const options = { BY: 'LEX', LIMIT: { offset: 0, count: limit + 1 } } as const;
  const names = await redis.run((client) => client.zRange(usernamesKey(), from, `[${begin}${LAST}`, options));
  const shown = names.slice(0, limit);
  const users = await Promise.all(shown.map((name) => userOfName(redis, name)));
  const last = names.length > limit ? shown.at(-1) : undefined;
  return {
    users: users.filter((user) => user !== undefined),
    nextCursor: last === undefined ? null : Buffer.from(last).toString('base64url'),
  };
}

/** A name that was about to be taken when a gateway ended is nobody's. */
async function userOfName(redis: RedisLink, name: string): Promise<User | undefined> {
  const id = await redis.run((client) => client.get(usernameKey(name)));
  return id === null ? undefined : findUser(redis, id);
}
