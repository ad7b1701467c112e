import type { RedisLink } from '../redis/connection.ts';
import { superAdminsKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';

/**
 * There is always an active super-admin left. Two users are in two hash slots, so no script sees both; this one
 * hash, in a slot of its own, decides. Who is to lose the power is taken off it first, and only if another stays on;
 * who has gained the power is put on it last. So a crash in between makes it name fewer than there are, never more.
 *
 * KEYS: super-admins. ARGV: user id, version of the user after the change. Answers 1 when the change may go on.
 */
const RELEASE = defineScript(
  'super-admin-release',
  `
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= ARGV[1] and string.sub(all[i + 1], 1, 1) == '+' then
    redis.call('HSET', KEYS[1], ARGV[1], '-' .. ARGV[2])
    return 1
  end
end
return 0
`,
);

/** KEYS: super-admins. ARGV: user id, version of the user that is one. Late news about an older version is passed over. */
const REGISTER = defineScript(
  'super-admin-register',
  `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(string.sub(known, 2)) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], '+' .. ARGV[2])
return 1
`,
);

/** Whether this user may stop being an active super-admin with version `ver`. @throws {RedisUnavailable} */
export async function releaseSuperAdmin(redis: RedisLink, userId: string, ver: number): Promise<boolean> {
  return (await runScript(redis, RELEASE, [superAdminsKey()], [userId, String(ver)])) === 1;
}

/** Tells that this user is an active super-admin since version `ver`. @throws {RedisUnavailable} */
export async function registerSuperAdmin(redis: RedisLink, userId: string, ver: number): Promise<void> {
  await runScript(redis, REGISTER, [superAdminsKey()], [userId, String(ver)]);
}
