import { randomBytes } from 'node:crypto';
import type { RedisLink } from '../redis/connect.ts';
import { authzKey, userKey, usernameKey } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import { readAuthz, writeAuthz } from './authz.ts';
import type { Role } from './roles.ts';

export interface User {
  /** Opaque: 128 random bits, base64url. It is the `sub` of the user's tokens. */
  id: string;
  username: string;
  displayName: string;
  /** A PHC string (argon2id). */
  passwordHash: string;
  /** Undefined while the user is not active. */
  role: Role | undefined;
}

export type NewUser = Omit<User, 'id' | 'role'> & { role: Role };

/** The id of no user: ids are 22 characters. */
const NOBODY = 'nobody';

/** The one form of a log-in name: NFKC, then lower case, so that look-alike spellings are one user. */
export const foldUsername = (name: string): string => name.normalize('NFKC').toLowerCase();

/**
 * Adds an active user. The user's own keys are written first and the name last, so that a crash between the two
 * leaves a record that nobody can log in to, never a name without a user.
 * @throws {RedisUnavailable}
 */
export async function addUser(
  redis: RedisLink,
  user: NewUser,
  now: Date,
): Promise<User | Refusal<'username_taken'>> {
  const { role, ...stored } = user;
  const id = randomBytes(16).toString('base64url');
  await redis.run((client) =>
    client
      .multi()
      .hSet(userKey(id), { ...stored, created: now.toISOString() })
      .set(authzKey(id), writeAuthz({ role, gen: 0 }))
      .exec(),
  );
  const name = usernameKey(foldUsername(user.username));
  const taken = (await redis.run((client) => client.set(name, id, { condition: 'NX' }))) === null;
  if (!taken) return { id, ...user };
  await redis.run((client) => client.del([userKey(id), authzKey(id)]));
  return new Refusal('username_taken');
}

/**
 * The user of a log-in name. An unknown name costs Redis the same two questions as a known one.
 * @throws {RedisUnavailable}
 */
export async function findUserByName(redis: RedisLink, username: string): Promise<User | undefined> {
  const id = await redis.run((client) => client.get(usernameKey(foldUsername(username))));
  return findUser(redis, id ?? NOBODY);
}

/** The user of an id. @throws {RedisUnavailable} */
export async function findUser(redis: RedisLink, id: string): Promise<User | undefined> {
  const [stored, authz] = await redis.run((client) =>
    client.multi().hGetAll(userKey(id)).get(authzKey(id)).execTyped(),
  );
  const { username, displayName, passwordHash } = stored;
  if (username === undefined || displayName === undefined || passwordHash === undefined) return undefined;
  return {
    id,
    username,
    displayName,
    passwordHash,
    role: authz === null ? undefined : readAuthz(authz).role,
  };
}
