import { defineScript } from '../redis/scripts.ts';

/**
 * Changes a user if it is still as it was read, and writes the authorisation entry that every request asks for.
 *
 * Ending sessions is one number: the generation goes up, and sessions and tokens of an older one are over. For the
 * one session that is to go on, its generation and that of its tokens go up with it, unless it was over already.
 * Whatever ends sessions also ends a password reset that is under way.
 *
 * KEYS: user, authz, and to keep a session: the session, the whitelist entry of the token that asks.
 * ARGV: version as read, channel, user id, which sessions end (nothing, `all` or `others`), prefix of reset keys,
 * reset token to use up or nothing, session to keep or nothing, prefix of whitelist entries, then fields with
 * values; a field with an empty value goes.
 * Answers `changed` (by somebody else meanwhile), `spent` (the reset token) or `done`.
 */
export const CHANGE_USER = defineScript(
  'user-change',
  `
local ver, channel, user, ending, resets, spend, sid, entries = unpack(ARGV, 1, 8)
if redis.call('HGET', KEYS[1], 'ver') ~= ver then return 'changed' end
if spend ~= '' and redis.call('DEL', resets .. spend) == 0 then return 'spent' end
for i = 9, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HINCRBY', KEYS[1], 'ver', 1)

if ending ~= '' then
  local gen = redis.call('HINCRBY', KEYS[1], 'gen', 1)
  local reset = redis.call('HGET', KEYS[1], 'resetJti')
  if reset then redis.call('DEL', resets .. reset) end
  redis.call('HDEL', KEYS[1], 'resetJti')
  if ending == 'others' then
    local sessionGen, jti = unpack(redis.call('HMGET', KEYS[3], 'gen', 'jti'))
    if sessionGen and tonumber(sessionGen) == gen - 1 then
      redis.call('HSET', KEYS[3], 'gen', gen)
      for _, entry in ipairs({ KEYS[4], entries .. jti }) do
        redis.call('SET', entry, '{"sid":"' .. sid .. '","gen":' .. gen .. '}', 'XX', 'KEEPTTL')
      end
    end
  end
end

local role, status, gen, ranges = unpack(redis.call('HMGET', KEYS[1], 'role', 'status', 'gen', 'ranges'))
if status == 'active' then
  local and_ranges = ranges and ',"ranges":' .. ranges or ''
  redis.call('SET', KEYS[2], '{"role":"' .. role .. '","gen":' .. gen .. and_ranges .. '}')
else
  redis.call('DEL', KEYS[2])
end
redis.call('PUBLISH', channel, user)
return 'done'
`,
);

/**
 * Whitelists a reset token, and forgets the one before. KEYS: user, the token's key. ARGV: jti, exp (s), prefix of
 * reset keys. Answers 1, or 0 when the user is not active.
 */
export const WRITE_RESET = defineScript(
  'user-reset',
  `
local status, before = unpack(redis.call('HMGET', KEYS[1], 'status', 'resetJti'))
if status ~= 'active' then return 0 end
if before then redis.call('DEL', ARGV[3] .. before) end
redis.call('HSET', KEYS[1], 'resetJti', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'ver', 1)
redis.call('SET', KEYS[2], '1', 'EXAT', ARGV[2])
return 1
`,
);
