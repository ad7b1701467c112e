import { superAdminsKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import type { User } from './stored-user.ts';

/**
 * At least one active super-admin without address ranges always remains: ranges could allow no address at all. Two users
 * are in two hash slots, so no script can see both; this one hash, in its own slot, decides. A user who is about to lose
 * the role, or to get ranges, is removed from it first, and only if another one remains. A user who has gained the role
 * is added last. So after a crash in between, the hash names too few super-admins, never too many. Where all of them
 * have ranges, one of those remains.
 *
 * Both scripts begin with a deletion: a full Redis refuses a script only if its first write needs memory.
 *
 * KEYS: super-admins. ARGV: user id, version of the user after the change. Returns 1 if the change is allowed.
 */
const RELEASE = defineScript(
  'super-admin-release',
  `
local all, isRestricted, remains = redis.call('HGETALL', KEYS[1]), false, {}
for i = 1, #all, 2 do
  local sign = string.sub(all[i + 1], 1, 1)
  if all[i] == ARGV[1] then isRestricted = sign == '~' else remains[sign] = true end
end
if not remains['+'] and not (isRestricted and remains['~']) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], '-' .. ARGV[2])
return 1
`,
);

/** KEYS: super-admins. ARGV: user id, version of the user, sign. A late call for an older version is ignored. */
const REGISTER = defineScript(
  'super-admin-register',
  `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(string.sub(known, 2)) > tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ARGV[2])
return 1
`,
);

type SuperAdmin = Pick<User, 'id' | 'version' | 'ranges'>;

export const isSuperAdmin = ({ role, status }: Pick<User, 'role' | 'status'>): boolean =>
  role === 'super-admin' && status === 'active';

/** Whether a change takes an active super-admin away, or restricts one to address ranges. */
export const needsAnother = (user: User, next: User): boolean =>
  isSuperAdmin(user) && (!isSuperAdmin(next) || (user.ranges === undefined && next.ranges !== undefined));

/**
 * Whether this user may stop being an active super-admin, or one without address ranges, in `version`.
 * @throws {RedisUnavailable}
 */
export async function releaseSuperAdmin(
  redis: RedisStore,
  userId: string,
  version: number,
): Promise<boolean> {
  return (await runScript(redis, RELEASE, [superAdminsKey()], [userId, String(version)])) === 1;
}

/** Records that this user has been an active super-admin since `version`. @throws {RedisUnavailable} */
export async function registerSuperAdmin(
  redis: RedisStore,
  { id, version, ranges }: SuperAdmin,
): Promise<void> {
  const sign = ranges === undefined ? '+' : '~';
  await runScript(redis, REGISTER, [superAdminsKey()], [id, String(version), sign]);
}
