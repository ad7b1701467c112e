import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { authzKey, userKey, usernameKey, usernamesKey } from '../redis/keys.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { readAuthorization, writeAuthorization } from './authorization.ts';
import { foldUsername } from './fields.ts';
import { deadlineOf, lateChange, PENDING_ACTIONS_LUA, type StaffAction } from './pending-actions.ts';
import type { Role } from './roles.ts';
import { type PendingEmail, readUser, type User } from './stored-user.ts';
import { registerSuperAdmin } from './super-admins.ts';

export type { PendingEmail, User };

export interface NewUser {
  username: string;
  displayName: string;
  /** What `PasswordHasher.hash` returned. */
  passwordHash: string;
  role: Role;
  /** Confirmed. */
  email?: string | undefined;
  pendingEmail?: PendingEmail | undefined;
  passwordVia?: string | undefined;
  /** Addresses and CIDR ranges; empty allows any address. */
  ranges?: readonly string[] | undefined;
}

/** Not a user id: ids have 22 characters. */
const NO_USER = 'nobody';

/**
 * Adds an active user. The user's own keys are written first and the username last: a crash in between leaves a record
 * that nobody can log in to and no list shows, never a username without a user.
 * @param action the staff action that adds the user
 * @throws {RedisUnavailable}
 */
export async function addUser(
  redis: RedisStore,
  { email, pendingEmail, passwordVia, ranges = [], ...user }: NewUser,
  now: Date,
  action?: StaffAction,
): Promise<User | Refusal<'username_taken'>> {
  const id = randomBytes(16).toString('base64url');
  const optional = {
    ...(email === undefined ? {} : { email }),
    ...(pendingEmail === undefined ? {} : { pendingEmail: JSON.stringify(pendingEmail) }),
    ...(passwordVia === undefined ? {} : { passwordVia }),
    ...(ranges.length === 0 ? {} : { ranges: JSON.stringify(ranges) }),
  };
  const fields = { ...user, ...optional, status: 'active', created: now.toISOString(), gen: '0', ver: '0' };
  const authorization = {
    role: user.role,
    generation: 0,
    ranges: ranges.length === 0 ? undefined : [...ranges],
  };
  await redis.runFor(userKey(id), (client) =>
    client.multi().hSet(userKey(id), fields).set(authzKey(id), writeAuthorization(authorization)).exec(),
  );
  const claim = await claimUsername(redis, foldUsername(user.username), id, action);
  if (claim !== 'claimed') {
    await redis.runFor(userKey(id), (client) => client.del([userKey(id), authzKey(id)]));
    if (claim === 'late') throw lateChange();
    return new Refusal('username_taken');
  }
  const added = readUser(id, fields);
  if (added.role === 'super-admin') await registerSuperAdmin(redis, added);
  return added;
}

/** KEYS: username. ARGV: user id, deadline. The user exists from here on. Returns `claimed`, `taken` or `late`. */
const CLAIM_USERNAME = defineScript(
  'username-claim',
  `${PENDING_ACTIONS_LUA}
if isLate(ARGV[2]) then return 'late' end
return redis.call('SET', KEYS[1], ARGV[1], 'NX') and 'claimed' or 'taken'
`,
);

async function claimUsername(
  redis: RedisStore,
  name: string,
  id: string,
  action: StaffAction | undefined,
): Promise<string> {
  await redis.runFor(usernamesKey(), (client) => client.zAdd(usernamesKey(), { score: 0, value: name }));
  return String(await runScript(redis, CLAIM_USERNAME, [usernameKey(name)], [id, deadlineOf(action)]));
}

/**
 * The user with this username. An unknown username takes the same commands as a known one. The user with the id
 * `likelyId`, if it is given, is read at the same time as the id, so that one wait for Redis is enough if it is this user.
 * @throws {RedisUnavailable}
 */
export async function findUserByName(
  redis: RedisStore,
  username: string,
  likelyId?: string,
): Promise<User | undefined> {
  const [id, likely] = await Promise.all([
    findUserId(redis, username),
    likelyId === undefined ? undefined : findUser(redis, likelyId),
  ]);
  return likelyId !== undefined && id === likelyId ? likely : findUser(redis, id ?? NO_USER);
}

/** The id of the user with this username. @throws {RedisUnavailable} */
export const findUserId = (redis: RedisStore, username: string): Promise<string | null> =>
  redis.runFor(usernameKey(foldUsername(username)), (client) =>
    client.get(usernameKey(foldUsername(username))),
  );

/**
 * KEYS: user, authz. Returns the fields of the user and the authorization. A script, because a full Redis refuses even
 * reads in `MULTI`.
 */
const READ_USER = defineScript(
  'user-read',
  `return { redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }`,
);

const userReply = z.tuple([z.array(z.string()), z.string().nullable()]);

/**
 * The user with this id. Their authorization decides: a user without one is blocked, whatever their fields say.
 * @throws {RedisUnavailable}
 */
export async function findUser(redis: RedisStore, id: string): Promise<User | undefined> {
  const reply = await runScript(redis, READ_USER, [userKey(id), authzKey(id)], []);
  const [fields, authz] = checkReply(userReply, reply);
  if (fields.length === 0) return undefined;
  const user = readUser(id, Object.fromEntries(pairs(fields)));
  if (authz === null) return { ...user, status: 'blocked' };
  const { role, generation, ranges } = readAuthorization(authz);
  return { ...user, role, generation, ranges };
}

const pairs = (flat: readonly string[]): string[][] =>
  flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []));
