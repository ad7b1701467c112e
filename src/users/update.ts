import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { authzKey, resetKey, revocationsChannel, sessionKey, userKey, whitelistKey } from '../redis/keys.ts';
import { defineScript, nameEntries, runScript } from '../redis/scripts.ts';
import { WHITELIST_ENTRY_LUA } from '../redis/whitelist-entry.ts';
import { Refusal } from '../refusal.ts';
import { AUTHORIZATION_LUA } from './authorization.ts';
import { registerSuperAdmin, releaseSuperAdmin } from './super-admins.ts';
import { findUser, type User } from './users.ts';

/** Attempts to change a user while other processes change the same user. */
const MAX_ATTEMPTS = 50;

const ARGUMENTS = nameEntries('ARGV', [
  'version',
  'channel',
  'user',
  'ending',
  'resetPrefix',
  'consumedReset',
  'sid',
  'entryPrefix',
]);

/**
 * Changes a user if their version is still `version`, and writes the authorization that every request reads.
 *
 * All sessions are ended by one number: the generation goes up, which revokes sessions and tokens of older ones.
 * `ending` is empty, `all` or `others`. With `others`, the session to keep and its tokens get the new generation,
 * unless the session had already ended. Ending sessions also revokes a pending reset token.
 *
 * KEYS: user, authz, and to keep a session: the session, the whitelist entry of the token that asks.
 * ARGV: the named arguments, then pairs of field and value; an empty value deletes the field.
 * Returns `changed` (by another process), `consumed` (the reset token was used before) or `done`.
 */
const CHANGE_USER = defineScript(
  'user-change',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}
${ARGUMENTS.lua}
local userKey, authzKey, sessionKey, entryKey = unpack(KEYS)
if redis.call('HGET', userKey, 'ver') ~= version then return 'changed' end
if consumedReset ~= '' and redis.call('DEL', resetPrefix .. consumedReset) == 0 then return 'consumed' end

for i = ${ARGUMENTS.count + 1}, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', userKey, ARGV[i]) else redis.call('HSET', userKey, ARGV[i], ARGV[i + 1]) end
end
redis.call('HINCRBY', userKey, 'ver', 1)

if ending ~= '' then
  local generation = redis.call('HINCRBY', userKey, 'gen', 1)
  local reset = redis.call('HGET', userKey, 'resetJti')
  if reset then redis.call('DEL', resetPrefix .. reset) end
  redis.call('HDEL', userKey, 'resetJti')
  if ending == 'others' then
    local sessionGeneration, jti = unpack(redis.call('HMGET', sessionKey, 'gen', 'jti'))
    if sessionGeneration and tonumber(sessionGeneration) == generation - 1 then
      redis.call('HSET', sessionKey, 'gen', generation)
      for _, key in ipairs({ entryKey, entryPrefix .. jti }) do
        redis.call('SET', key, whitelistEntry(sid, generation), 'XX', 'KEEPTTL')
      end
    end
  end
end

local role, status, generation, ranges = unpack(redis.call('HMGET', userKey, 'role', 'status', 'gen', 'ranges'))
if status == 'active' then
  redis.call('SET', authzKey, writeAuthorization(role, generation, ranges))
else
  redis.call('DEL', authzKey)
end
redis.call('PUBLISH', channel, user)
return 'done'
`,
);

type Changeable = 'role' | 'status' | 'ranges' | 'passwordHash';

/** A change of a user. */
export interface UserChange {
  set?: Partial<Pick<User, Changeable>>;
  /** Which sessions end: all of them, or all but this one. */
  end?: 'all' | { keepSid: string; keepJti: string };
  /** The id of a reset token to consume. If it was consumed before, nothing changes. */
  consumeReset?: string;
}

export type ChangeReason = 'user_unknown' | 'last_super_admin' | 'reset_invalid';

/**
 * Changes a user in one step. `decide` sees the current user, and is called again if another process changes the
 * user before the step is done. Sessions that the change ends are revoked with the next request at every gateway,
 * however many there are.
 *
 * @returns the user after the change
 * @throws {RedisUnavailable}
 */
export async function changeUser<Reason extends string>(
  redis: RedisLink,
  id: string,
  decide: (user: User) => UserChange | Refusal<Reason>,
): Promise<User | Refusal<Reason | ChangeReason>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const user = await findUser(redis, id);
    if (user === undefined) return new Refusal('user_unknown');
    // The previous attempt may have removed the user from the list of super-admins.
    if (attempt > 0 && isSuperAdmin(user)) await registerSuperAdmin(redis, id, user.version);
    const change = decide(user);
    if (change instanceof Refusal) return change;
    const outcome = await tryChange(redis, user, change);
    if (outcome !== 'changed') return outcome;
  }
  throw new RedisUnavailable('a user could not be changed: other processes kept changing it');
}

async function tryChange(
  redis: RedisLink,
  user: User,
  change: UserChange,
): Promise<User | 'changed' | Refusal<'last_super_admin' | 'reset_invalid'>> {
  const { id } = user;
  const next = { ...user, ...change.set, version: user.version + 1 };
  const stepsDown = isSuperAdmin(user) && !isSuperAdmin(next);
  if (stepsDown && !(await releaseSuperAdmin(redis, id, next.version)))
    return new Refusal('last_super_admin');
  const outcome = await applyChange(redis, user, change);
  if (outcome === 'changed') return outcome;
  if (outcome === 'consumed') return new Refusal('reset_invalid', 'used or replaced');
  if (isSuperAdmin(next)) await registerSuperAdmin(redis, id, next.version);
  return next;
}

const isSuperAdmin = ({ role, status }: User): boolean => role === 'super-admin' && status === 'active';

async function applyChange(redis: RedisLink, { id, version }: User, change: UserChange): Promise<string> {
  const { set = {}, end, consumeReset = '' } = change;
  const keep = typeof end === 'object' ? end : undefined;
  const keys = [userKey(id), authzKey(id)];
  if (keep !== undefined) keys.push(sessionKey(id, keep.keepSid), whitelistKey(id, keep.keepJti));
  const args = ARGUMENTS.list({
    version,
    channel: revocationsChannel(),
    user: id,
    ending: typeof end === 'object' ? 'others' : (end ?? ''),
    resetPrefix: resetKey(id, ''),
    consumedReset: consumeReset,
    sid: keep?.keepSid ?? '',
    entryPrefix: whitelistKey(id, ''),
  });
  const fields = Object.entries(set).flatMap(([name, value]) => [name, fieldOf(value)]);
  return String(await runScript(redis, CHANGE_USER, keys, [...args, ...fields]));
}

/** The text of a field; empty to delete it. */
const fieldOf = (value: string | readonly string[] | undefined): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
