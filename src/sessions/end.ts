import type { RedisLink } from '../redis/connection.ts';
import { activeKey, revocationsChannel, sessionKey, sessionsKey, whitelistKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';

/**
 * Lua: `removeSession(sid, sessionKey, activeKey, sessionsKey)` removes a session and returns whether it was active.
 * Every whitelist check asks for the key `active:`, so all access tokens of the session are revoked with it.
 */
export const REMOVE_SESSION_LUA = `
local function removeSession(sid, sessionKey, activeKey, sessionsKey)
  redis.call('DEL', sessionKey)
  redis.call('ZREM', sessionsKey, sid)
  return redis.call('DEL', activeKey) == 1
end`;

/**
 * KEYS: sessions, session, active, and optionally a whitelist entry to delete. ARGV: sid, channel, user id.
 * Returns 1 if there was such a session and it was active.
 */
const END_SESSION = defineScript(
  'session-end',
  `${REMOVE_SESSION_LUA}
local wasActive = removeSession(ARGV[1], KEYS[2], KEYS[3], KEYS[1])
if KEYS[4] then redis.call('DEL', KEYS[4]) end
if not wasActive then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
`,
);

/**
 * KEYS: sessions. ARGV: the session to keep or nothing, prefix of the session keys, prefix of the active keys,
 * channel, user id. Returns how many of the ended sessions were active.
 */
const END_OTHER_SESSIONS = defineScript(
  'session-end-others',
  `${REMOVE_SESSION_LUA}
local keep, sessionPrefix, activePrefix, channel, user = unpack(ARGV)
local ended = 0
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if sid ~= keep and removeSession(sid, sessionPrefix .. sid, activePrefix .. sid, KEYS[1]) then ended = ended + 1 end
end
redis.call('PUBLISH', channel, user)
return ended
`,
);

/**
 * Ends a session and returns whether it was active. Once this resolves, every gateway rejects its tokens. The whitelist
 * entry of `jti`, if given, is deleted now instead of when it expires. @throws {RedisUnavailable}
 */
export async function endSession(redis: RedisLink, sub: string, sid: string, jti?: string): Promise<boolean> {
  const keys = [sessionsKey(sub), sessionKey(sub, sid), activeKey(sub, sid)];
  if (jti !== undefined) keys.push(whitelistKey(sub, jti));
  return (await runScript(redis, END_SESSION, keys, [sid, revocationsChannel(), sub])) === 1;
}

/** Ends all sessions of a user except `keep`, and returns how many were active. @throws {RedisUnavailable} */
export async function endOtherSessions(redis: RedisLink, sub: string, keep?: string): Promise<number> {
  const args = [keep ?? '', sessionKey(sub, ''), activeKey(sub, ''), revocationsChannel(), sub];
  return Number(await runScript(redis, END_OTHER_SESSIONS, [sessionsKey(sub)], args));
}
