import { z } from 'zod';
import {
  activeKey,
  pendingActionsKey,
  revocationsChannel,
  sessionKey,
  sessionsKey,
  whitelistKey,
} from '../redis/keys.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import {
  deadlineOf,
  lateChange,
  PENDING_ACTIONS_LUA,
  type StaffAction,
  settleRevocation,
} from '../users/pending-actions.ts';

/**
 * Lua: `removeSession(sid, sessionKey, activeKey, sessionsKey)` removes a session and returns whether it was active.
 * Every whitelist check asks for the key `active:`, so all access tokens of the session are revoked with it. The type
 * of `sessionsKey` has to be checked before. Nothing here needs memory, so it works when Redis is full.
 */
export const REMOVE_SESSION_LUA = `
local function removeSession(sid, sessionKey, activeKey, sessionsKey)
  redis.call('DEL', sessionKey)
  redis.call('ZREM', sessionsKey, sid)
  return redis.call('DEL', activeKey) == 1
end`;

const endReply = z.tuple([z.enum(['ended', 'unknown', 'late']), z.array(z.string())]);
const endOthersReply = z.tuple([z.int(), z.array(z.string())]);

/**
 * KEYS: sessions, session, active, pending actions, and optionally a whitelist entry to delete. ARGV: sid, channel,
 * user id, deadline. Returns `ended`, `unknown` if there was no such session that was active, or `late`, and the
 * actions that the user had begun as staff.
 */
const END_SESSION = defineScript(
  'session-end',
  `${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
local sessionsKey, sessionKey, activeKey, actionsKey, entryKey = unpack(KEYS)
local sid, channel, user, deadline = unpack(ARGV)
if isLate(deadline) then return { 'late', {} } end
requireType('zset', sessionsKey)
local pending = pendingActions(actionsKey)
local wasActive = removeSession(sid, sessionKey, activeKey, sessionsKey)
if entryKey then redis.call('DEL', entryKey) end
if wasActive then redis.pcall('PUBLISH', channel, user) end
return { wasActive and 'ended' or 'unknown', pending }
`,
);

/**
 * KEYS: sessions, pending actions. ARGV: the session to keep or nothing, prefix of the session keys, prefix of the
 * active keys, channel, user id. Returns how many of the ended sessions were active, and the actions that the user had
 * begun as staff.
 */
const END_OTHER_SESSIONS = defineScript(
  'session-end-others',
  `${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
local keep, sessionPrefix, activePrefix, channel, user = unpack(ARGV)
local pending = pendingActions(KEYS[2])
local ended = 0
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if sid ~= keep and removeSession(sid, sessionPrefix .. sid, activePrefix .. sid, KEYS[1]) then ended = ended + 1 end
end
redis.pcall('PUBLISH', channel, user)
return { ended, pending }
`,
);

interface EndOptions {
  /** The access token whose whitelist entry is deleted now instead of when it expires. */
  jti?: string | undefined;
  /** The staff action that ends the session. */
  action?: StaffAction;
}

/**
 * Ends a session and returns whether it was active. Once this resolves, every gateway rejects its tokens, and nothing
 * that the user had begun as staff can take effect any more. @throws {RedisUnavailable}
 */
export async function endSession(
  redis: RedisStore,
  sub: string,
  sid: string,
  { jti, action }: EndOptions = {},
): Promise<boolean> {
  const keys = [sessionsKey(sub), sessionKey(sub, sid), activeKey(sub, sid), pendingActionsKey(sub)];
  if (jti !== undefined) keys.push(whitelistKey(sub, jti));
  const args = [sid, revocationsChannel(), sub, deadlineOf(action)];
  const [outcome, ids] = checkReply(endReply, await runScript(redis, END_SESSION, keys, args));
  if (outcome === 'late') throw lateChange();
  await settleRevocation(redis, { userId: sub, ids }, action);
  return outcome === 'ended';
}

/**
 * Ends all sessions of a user except `keep`, and returns how many were active. It resolves as late as `endSession`.
 * @throws {RedisUnavailable}
 */
export async function endOtherSessions(redis: RedisStore, sub: string, keep?: string): Promise<number> {
  const keys = [sessionsKey(sub), pendingActionsKey(sub)];
  const args = [keep ?? '', sessionKey(sub, ''), activeKey(sub, ''), revocationsChannel(), sub];
  const [ended, ids] = checkReply(endOthersReply, await runScript(redis, END_OTHER_SESSIONS, keys, args));
  await settleRevocation(redis, { userId: sub, ids });
  return ended;
}
