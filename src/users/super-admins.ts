import type { RedisLink } from '../redis/connection.ts';
import { superAdminsKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';

/**
 * At least one active super-admin always remains. Two users are in two hash slots, so no script can see both; this
 * one hash, in its own slot, decides. A user who is about to lose the role is removed from it first, and only if
 * another one remains. A user who has gained the role is added last. So after a crash in between, the hash names
 * too few super-admins, never too many.
 *
 * Both scripts begin with a deletion: a full Redis refuses a script only if its first write needs memory.
 *
 * KEYS: super-admins. ARGV: user id, version of the user after the change. Returns 1 if the change is allowed.
 */
const RELEASE = defineScript(
  'super-admin-release',
  `
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= ARGV[1] and string.sub(all[i + 1], 1, 1) == '+' then
    redis.call('HDEL', KEYS[1], ARGV[1])
    redis.call('HSET', KEYS[1], ARGV[1], '-' .. ARGV[2])
    return 1
  end
end
return 0
`,
);

/** KEYS: super-admins. ARGV: user id, version of the user. A late call for an older version is ignored. */
const REGISTER = defineScript(
  'super-admin-register',
  `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(string.sub(known, 2)) > tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], '+' .. ARGV[2])
return 1
`,
);

/** Whether this user may stop being an active super-admin in `version`. @throws {RedisUnavailable} */
export async function releaseSuperAdmin(redis: RedisLink, userId: string, version: number): Promise<boolean> {
  return (await runScript(redis, RELEASE, [superAdminsKey()], [userId, String(version)])) === 1;
}

/** Records that this user has been an active super-admin since `version`. @throws {RedisUnavailable} */
export async function registerSuperAdmin(redis: RedisLink, userId: string, version: number): Promise<void> {
  await runScript(redis, REGISTER, [superAdminsKey()], [userId, String(version)]);
}
