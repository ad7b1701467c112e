import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { authzKey, userKey, usernameKey, usernamesKey } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import { readAuthorization, writeAuthorization } from './authorization.ts';
import { foldUsername } from './fields.ts';
import { type Role, roleSchema } from './roles.ts';
import { registerSuperAdmin } from './super-admins.ts';

/** The fields under `userKey`. */
const storedUser = z
  .object({
    username: z.string(),
    displayName: z.string(),
    passwordHash: z.string(),
    role: roleSchema,
    status: z.enum(['active', 'blocked']),
    created: z.iso.datetime(),
    gen: z.coerce.number(),
    ver: z.coerce.number(),
    email: z.string().optional(),
    ranges: z.preprocess(
      (text) => (typeof text === 'string' ? JSON.parse(text) : undefined),
      z.array(z.string()).min(1).optional(),
    ),
    resetJti: z.string().optional(),
  })
  .transform(({ gen: generation, ver: version, ...rest }) => ({ ...rest, generation, version }));

/**
 * A user. `passwordHash` is a PHC string (argon2id), `created` is ISO 8601, `generation` counts how often all sessions
 * were ended at once, `version` counts changes, and `resetJti` is the id of the reset token that can be used.
 */
export interface User extends z.output<typeof storedUser> {
  /** Opaque: 128 random bits, base64url. It is the `sub` of the user's tokens. */
  id: string;
}

export interface NewUser {
  username: string;
  displayName: string;
  /** A PHC string (argon2id). */
  passwordHash: string;
  role: Role;
  email?: string | undefined;
  /** Addresses and CIDR ranges; empty allows any address. */
  ranges?: readonly string[] | undefined;
}

/** Not a user id: ids have 22 characters. */
const NO_USER = 'nobody';

/**
 * Adds an active user. The user's own keys are written first and the username last: a crash in between leaves a record
 * that nobody can log in to and no list shows, never a username without a user. @throws {RedisUnavailable}
 */
export async function addUser(
  redis: RedisLink,
  { email, ranges = [], ...user }: NewUser,
  now: Date,
): Promise<User | Refusal<'username_taken'>> {
  const id = randomBytes(16).toString('base64url');
  const optional = {
    ...(email === undefined ? {} : { email }),
    ...(ranges.length === 0 ? {} : { ranges: JSON.stringify(ranges) }),
  };
  const fields = { ...user, ...optional, status: 'active', created: now.toISOString(), gen: '0', ver: '0' };
  const authorization = {
    role: user.role,
    generation: 0,
    ranges: ranges.length === 0 ? undefined : [...ranges],
  };
  await redis.run((client) =>
    client.multi().hSet(userKey(id), fields).set(authzKey(id), writeAuthorization(authorization)).exec(),
  );
  if (!(await claimUsername(redis, foldUsername(user.username), id))) {
    await redis.run((client) => client.del([userKey(id), authzKey(id)]));
    return new Refusal('username_taken');
  }
  if (user.role === 'super-admin') await registerSuperAdmin(redis, id, 0);
  return readUser(id, fields);
}

async function claimUsername(redis: RedisLink, name: string, id: string): Promise<boolean> {
  await redis.run((client) => client.zAdd(usernamesKey(), { score: 0, value: name }));
  return (await redis.run((client) => client.set(usernameKey(name), id, { condition: 'NX' }))) !== null;
}

/**
 * The user with this username. An unknown username takes the same two commands as a known one.
 * @throws {RedisUnavailable}
 */
export async function findUserByName(redis: RedisLink, username: string): Promise<User | undefined> {
  const id = await redis.run((client) => client.get(usernameKey(foldUsername(username))));
  return findUser(redis, id ?? NO_USER);
}

/**
 * The user with this id. Their authorization decides: a user without one is blocked, whatever their fields say.
 * @throws {RedisUnavailable}
 */
export async function findUser(redis: RedisLink, id: string): Promise<User | undefined> {
  const [stored, authz] = await redis.run((client) =>
    client.multi().hGetAll(userKey(id)).get(authzKey(id)).execTyped(),
  );
  if (Object.keys(stored).length === 0) return undefined;
  const user = readUser(id, stored);
  if (authz === null) return { ...user, status: 'blocked' };
  const { role, generation, ranges } = readAuthorization(authz);
  return { ...user, role, generation, ranges };
}

function readUser(id: string, stored: Record<string, string>): User {
  try {
    return { id, ...storedUser.parse(stored) };
  } catch (cause) {
    throw new RedisUnavailable('a user in Redis is malformed', { cause });
  }
}
